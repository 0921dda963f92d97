"""Asking for the fields of a settings model, one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from plugdesk.errors import Refused
from plugdesk.i18n import gettext as _


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Return what `--set KEY=VALUE` options say. Raises Refused for one without `=`."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise Refused(_("Write settings as KEY=VALUE: --set imap_host=imap.example.com"))
        values[key.strip()] = value
    return values


def ask_settings(
    model: type[BaseModel],
    suggested: Mapping[str, Any],
    *,
    given: Collection[str],
    ask_all: bool,
) -> dict[str, Any]:
    """Ask for the fields that are not `given`: those without a default, or all of them.

    What was suggested stands there already; Enter takes it. Lists are entered with commas.
    """
    answers: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in given or not (ask_all or field.is_required()):
            continue
        answers[name] = _ask(name, field, suggested.get(name))
    return answers


def prepared(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return typed-in values in the shape that the model wants: lists as lists, empty as None."""
    ready = dict(values)
    for name, value in values.items():
        field = model.model_fields.get(name)
        if field is None or not isinstance(value, str):
            continue
        if _is_list(field):
            ready[name] = [part.strip() for part in value.split(",") if part.strip()]
        elif not value and type(None) in get_args(field.annotation):
            ready[name] = None
    return ready


def _ask(name: str, field: FieldInfo, suggestion: object) -> Any:
    if field.description:
        click.secho(_(field.description), dim=True)
    secret = field.annotation is SecretStr
    return click.prompt(
        _(field.title or name),
        default=_shown(field, suggestion),
        hide_input=secret,
        show_default=not secret,
        type=str,
    )


def _shown(field: FieldInfo, suggestion: object) -> str | None:
    value = suggestion
    if value is None and not field.is_required():
        value = field.get_default(call_default_factory=True)
        if value is None:
            return ""
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


def _is_list(field: FieldInfo) -> bool:
    return str(field.annotation).startswith("list")
