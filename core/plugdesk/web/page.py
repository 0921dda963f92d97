"""What every template may use: the frame of a desk page, icons and words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, g, get_flashed_messages
from markupsafe import Markup

from plugdesk import i18n
from plugdesk.contract.views import NavItem
from plugdesk.tickets.queries import COUNT_LIMIT, Folder, folder_counts
from plugdesk.web import words
from plugdesk.web.assets import asset
from plugdesk.web.current import actor, current_agent, current_site
from plugdesk.web.files import attachment_url

_OTHER_ANSWERS = (list, tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLink:
    """One line of the navigation."""

    name: str
    label: str
    count: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """The desk's navigation for one agent."""

    folders: tuple[FolderLink, ...]
    plugins: tuple[NavItem, ...]


def install(app: Flask) -> None:
    """Give the templates of `app` what every page needs."""
    app.add_template_global(icon, "icon")
    app.add_template_global(attachment_url, "attachment_url")
    app.add_template_global(navigation, "navigation")
    app.add_template_global(new_key, "new_key")
    app.jinja_env.globals["words"] = words
    app.context_processor(_context)


def icon(name: str, label: str = "") -> Markup:
    """Return an icon of our own sprite; with a label it speaks, without one it is decoration."""
    sprite = Markup('<svg class="icon" {}><use href="{}#{}"/></svg>')
    says = Markup('role="img" aria-label="{}"').format(label)
    return sprite.format(says if label else Markup('aria-hidden="true"'), asset("icons.svg"), name)


def new_key() -> str:
    """Return a key that makes the same form sent twice one reply."""
    return uuid.uuid4().hex


def navigation() -> Navigation:
    """Return the navigation of the signed-in agent; counted once per request."""
    if "navigation" not in g:
        g.navigation = _navigation()
    found: Navigation = g.navigation
    return found


def _navigation() -> Navigation:
    site = current_site()
    with site.db.read() as session:
        counts = folder_counts(session, actor())
        items = plugin_items(site.hooks.ask("navigation", session=session, agent=actor()))
    return Navigation(folders=folder_links(counts), plugins=items)


def folder_links(counts: Mapping[Folder, int]) -> tuple[FolderLink, ...]:
    """Return the folders with their names and counts."""
    return tuple(
        FolderLink(
            name=folder.value, label=str(words.FOLDERS[folder.value]), count=_count(counts[folder])
        )
        for folder in Folder
    )


def plugin_items(answers: list[tuple[str, object]]) -> tuple[NavItem, ...]:
    """Return the links that plugins add, sorted; what is no link is left out."""
    items: list[tuple[int, str, NavItem]] = []
    for plugin, answer in answers:
        several = answer if isinstance(answer, _OTHER_ANSWERS) else (answer,)
        items += [(item.order, plugin, item) for item in several if isinstance(item, NavItem)]
    return tuple(item for _order, _plugin, item in sorted(items, key=lambda entry: entry[:2]))


def _count(number: int) -> str:
    if number >= COUNT_LIMIT:
        return f"{COUNT_LIMIT - 1}+"
    return str(number) if number else ""


def _context() -> dict[str, object]:
    agent = current_agent()
    return {
        "agent": agent,
        "LANGUAGES": i18n.LANGUAGES,
        "language": i18n.current_language(),
        "theme": agent.theme if agent else "system",
        "flashes": get_flashed_messages(with_categories=True),
    }
