"""The settings of plugins: a pydantic model each, stored as one row, secrets encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from plugdesk.errors import PluginError
from plugdesk.i18n import gettext
from plugdesk.plugins import rows
from plugdesk.settings.forms import dump_settings, load_settings, validate_settings
from plugdesk.settings.models import SettingsRow

if TYPE_CHECKING:
    from plugdesk.site import Site


def read_settings(site: Site, session: Session, plugin: str) -> BaseModel:
    """Return a plugin's settings, defaults included.

    Raises PluginError when it has none, InvalidSettings when one without a default was never
    given, or ConfigError when a secret cannot be read.
    """
    model = _model(site, plugin)
    row = session.get(SettingsRow, plugin)
    return load_settings(site.keys, model, row.data if row else {})


def save_settings(site: Site, session: Session, plugin: str, values: dict[str, Any]) -> BaseModel:
    """Store a plugin's settings from a form's values; empty secrets stay as they are.

    Raises PluginError when it has none, or InvalidSettings.
    """
    model = _model(site, plugin)
    row = session.get(SettingsRow, plugin)
    kept = load_settings(site.keys, model, row.data) if row else None
    settings = validate_settings(model, values, kept=kept)
    row = row or SettingsRow(scope=plugin)
    row.data = dump_settings(site.keys, settings)
    session.add(row)
    rows.move_generation(session)
    return settings


def _model(site: Site, plugin: str) -> type[BaseModel]:
    model = site.plugins.settings_model(plugin)
    if model is None:
        msg = gettext("The plugin %(plugin)s has no settings.", plugin=repr(plugin))
        raise PluginError(msg)
    return model
