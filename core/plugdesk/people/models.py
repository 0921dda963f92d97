"""Persons, their addresses, agents, teams and sign-ins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugdesk.db import Base


class Person(Base):
    """Anyone with an address: a customer, or a member of the desk."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(String(35), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]

    addresses: Mapped[list[PersonAddress]] = relationship(
        back_populates="person", order_by="PersonAddress.id"
    )
    agent: Mapped[Agent | None] = relationship(back_populates="person")


class PersonAddress(Base):
    """A canonical mail address; it belongs to one person at most."""

    __tablename__ = "person_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(254), unique=True)
    #: Whether its owner has shown control of it, for example by opening a link sent there.
    proven: Mapped[bool] = mapped_column(default=False)

    person: Mapped[Person] = relationship(back_populates="addresses")


class Agent(Base):
    """A person who works at the desk."""

    __tablename__ = "agent"
    __table_args__ = (
        CheckConstraint("role in ('owner', 'lead', 'agent', 'observer')", name="role"),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(String(8), default="system")

    person: Mapped[Person] = relationship(back_populates="agent")


class Team(Base):
    """Agents who share tickets. Of a private team's tickets others see nothing."""

    __tablename__ = "team"
    # The log goes on naming a deleted team by its number, which no other team may get.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    private: Mapped[bool] = mapped_column(default=False)


class TeamMember(Base):
    """An agent's place in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("agent.person_id"), primary_key=True)

    __table_args__ = (Index("ix_team_member_person_id", "person_id"),)


class SignIn(Base):
    """One signed-in browser. Holds only the hash of its token."""

    __tablename__ = "sign_in"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("agent.person_id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    browser: Mapped[str] = mapped_column(String(200), default="")
