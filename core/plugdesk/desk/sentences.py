"""Events of a ticket as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from plugdesk.contract.tickets import PersonInfo
from plugdesk.i18n import gettext
from plugdesk.tickets.timeline import TimelineEvent
from plugdesk.web import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Who and what the numbers in events stand for."""

    people: Mapping[int, PersonInfo]
    teams: Mapping[int, str]

    def person(self, number: int | None) -> str:
        """Return a person's name, also of one who is gone."""
        person = self.people.get(number or 0)
        return person.display_name if person else gettext("somebody")

    def team(self, number: int | None) -> str:
        """Return a team's name, empty for one that is gone."""
        return self.teams.get(number or 0, "")


def people_in(events: Iterable[TimelineEvent]) -> set[int]:
    """Return the persons that the data of events names by number."""
    found: set[int] = set()
    for event in events:
        changes = event.data.get("changes", {})
        found.update(number for number in changes.get("assignee_id", ()) if number)
        person = event.data.get("person_id")
        if isinstance(person, int):
            found.add(person)
    return found


def sentences(event: TimelineEvent, names: Names) -> list[str]:
    """Return what happened as sentences; none for kinds that say nothing to an agent."""
    who = _who(event)
    if event.kind == "ticket_changed":
        changes = event.data.get("changes", {})
        return [
            _CHANGES[field](who, before, after, names)
            for field, (before, after) in changes.items()
            if field in _CHANGES
        ]
    tell = _KINDS.get(event.kind)
    sentence = tell(who, event.data, names) if tell else ""
    return [sentence] if sentence else []


def _who(event: TimelineEvent) -> str:
    if event.actor is not None:
        return event.actor.display_name
    return event.actor_plugin or gettext("Plugdesk")


def _status(who: str, _before: Any, after: Any, _names: Names) -> str:
    status = str(words.STATUSES.get(after, after))
    return gettext("%(who)s set the status to %(status)s.", who=who, status=status)


def _priority(who: str, _before: Any, after: Any, _names: Names) -> str:
    priority = str(words.PRIORITIES.get(after, after))
    return gettext("%(who)s set the priority to %(priority)s.", who=who, priority=priority)


def _place(who: str, before: Any, after: Any, _names: Names) -> str:
    if after == "spam":
        return gettext("%(who)s marked this as spam.", who=who)
    if after == "trash":
        return gettext("%(who)s moved this to the trash.", who=who)
    if before == "spam":
        return gettext("%(who)s said that this is not spam.", who=who)
    return gettext("%(who)s brought this back from the trash.", who=who)


def _assignee(who: str, _before: Any, after: Any, names: Names) -> str:
    if after is None:
        return gettext("%(who)s took the assignment away.", who=who)
    whom = names.person(after)
    if whom == who:
        return gettext("%(who)s took this ticket.", who=who)
    return gettext("%(who)s assigned this to %(whom)s.", who=who, whom=whom)


def _team(who: str, _before: Any, after: Any, names: Names) -> str:
    if after is None:
        return gettext("%(who)s took this out of its team.", who=who)
    if not names.team(after):
        return gettext("%(who)s gave this to a team that is gone now.", who=who)
    return gettext("%(who)s gave this to the team %(team)s.", who=who, team=names.team(after))


def _tags(who: str, before: Any, after: Any, _names: Names) -> str:
    added = ", ".join(tag for tag in after if tag not in before)
    removed = ", ".join(tag for tag in before if tag not in after)
    if added and removed:
        return gettext(
            "%(who)s added the tags %(added)s and removed %(removed)s.",
            who=who,
            added=added,
            removed=removed,
        )
    if added:
        return gettext("%(who)s added the tags %(added)s.", who=who, added=added)
    return gettext("%(who)s removed the tags %(removed)s.", who=who, removed=removed)


def _subject(who: str, _before: Any, after: Any, _names: Names) -> str:
    return gettext("%(who)s changed the subject to “%(subject)s”.", who=who, subject=after)


def _created(who: str, data: Mapping[str, Any], _names: Names) -> str:
    if data.get("split_from"):
        return gettext(
            "%(who)s made this ticket from a message of #%(number)s.",
            who=who,
            number=data["split_from"],
        )
    return ""


def _cancelled(who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return gettext("%(who)s took a reply back before it left.", who=who)


def _failed(_who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return gettext("A reply could not be delivered.")


def _unknown(_who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return gettext("It is not certain whether a reply left.")


def _moved(who: str, data: Mapping[str, Any], _names: Names) -> str:
    return gettext(
        "%(who)s moved a message from #%(former)s to #%(number)s.",
        who=who,
        former=data.get("from"),
        number=data.get("to"),
    )


def _confirmed(who: str, data: Mapping[str, Any], names: Names) -> str:
    whom = names.person(data.get("person_id"))
    return gettext("%(who)s confirmed that %(whom)s belongs here.", who=who, whom=whom)


_CHANGES: dict[str, Callable[[str, Any, Any, Names], str]] = {
    "status": _status,
    "priority": _priority,
    "place": _place,
    "assignee_id": _assignee,
    "team_id": _team,
    "tags": _tags,
    "subject": _subject,
}
_KINDS: dict[str, Callable[[str, Mapping[str, Any], Names], str]] = {
    "ticket_created": _created,
    "message_cancelled": _cancelled,
    "message_failed": _failed,
    "message_unknown": _unknown,
    "message_moved": _moved,
    "person_confirmed": _confirmed,
}
