"""Forms from pydantic models: what to ask, what was answered, and what is wrong with it."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict

from plugdesk.i18n import gettext

_LONG_TEXT = 1000
_NAMES = {"tls": "TLS", "starttls": "STARTTLS", "none": "None", "auto": "Automatic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One question."""

    name: str
    label: str
    help: str
    kind: str
    """`text`, `lines`, `long`, `number`, `checkbox`, `choice`, `secret` or `date`."""
    required: bool
    value: str
    """As the input shows it; secrets are never shown."""
    checked: bool
    choices: tuple[tuple[str, str], ...]
    error: str
    kept: bool
    """Whether a secret is stored already, so that it may be left empty."""


def form_fields(
    model: type[BaseModel],
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    *,
    kept: bool = False,
) -> list[FormField]:
    """Return the questions of a model with present values and problems, in its own order."""
    return [
        _field(name, info, values.get(name, _default(info)), problems.get(name, ""), kept=kept)
        for name, info in model.model_fields.items()
    ]


def read_form(model: type[BaseModel], form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what a form answers to a model's questions.

    Empty answers are left out and take their default; a checkbox that is not ticked is False
    where the form says that it was there (`asked`), since browsers do not send it.
    """
    asked = set(form.getlist("asked"))
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        kind = kind_of(info.annotation)
        if kind == "checkbox":
            if name in asked:
                values[name] = name in form
        elif kind == "lines" and form.get(name, "").strip():
            values[name] = [line.strip() for line in form[name].splitlines() if line.strip()]
        elif form.get(name, "").strip():
            values[name] = form[name] if kind in ("secret", "long") else form[name].strip()
        elif name in asked and kind in ("text", "long") and not info.is_required():
            values[name] = "" if _is_plain_text(info.annotation) else None
    return values


def problems_of(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with values, a sentence for each field; empty when all is well."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return {
            str(problem["loc"][0]) if problem["loc"] else "": _sentence(problem)
            for problem in error.errors(include_url=False, include_input=False)
        }
    return {}


def kind_of(annotation: Any) -> str:
    """Return which kind of question a field's type asks for."""
    kinds = {_kind(part) for part in _parts(annotation)}
    return kinds.pop() if len(kinds) == 1 else "text"


def _kind(part: Any) -> str:
    if get_origin(part) is Literal:
        return "choice"
    if get_origin(part) in (list, tuple, set, frozenset, Sequence):
        return "lines"
    if not isinstance(part, type):
        return "text"
    for known, kind in (
        (SecretStr, "secret"),
        (bool, "checkbox"),
        (Enum, "choice"),
        (int, "number"),
        (float, "number"),
        (date, "date"),
    ):
        if issubclass(part, known):
            return kind
    return "text"


def _parts(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for part in get_args(annotation) if part is not type(None)]
    return [annotation]


def _field(name: str, info: FieldInfo, value: Any, error: str, *, kept: bool) -> FormField:
    kind = kind_of(info.annotation)
    if kind == "text" and _longest(info) > _LONG_TEXT:
        kind = "long"
    return FormField(
        name=name,
        label=gettext(info.title or _readable(name)),
        help=gettext(info.description) if info.description else "",
        kind=kind,
        required=info.is_required(),
        value="" if kind in ("secret", "checkbox") else _shown(value),
        checked=kind == "checkbox" and bool(value),
        choices=_choices(info.annotation) if kind == "choice" else (),
        error=error,
        kept=kept and kind == "secret",
    )


def _choices(annotation: Any) -> tuple[tuple[str, str], ...]:
    part = _parts(annotation)[0]
    members = get_args(part) if get_origin(part) is Literal else [one.value for one in part]
    return tuple((str(member), _choice_label(str(member))) for member in members)


def _choice_label(member: str) -> str:
    return gettext(_NAMES.get(member, _readable(member)))


def _default(info: FieldInfo) -> Any:
    if info.is_required():
        return None
    return info.get_default(call_default_factory=True, validated_data={})


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return "\n".join(str(item) for item in value)
    return str(value)


def _longest(info: FieldInfo) -> int:
    return max((getattr(rule, "max_length", None) or 0 for rule in info.metadata), default=0)


def _is_plain_text(annotation: Any) -> bool:
    return annotation is str


def _sentence(problem: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("missing", "string_too_short", "too_short"):
        return gettext("Fill this in.")
    if kind in ("int_parsing", "float_parsing", "int_type", "float_type"):
        return gettext("Enter a number.")
    if kind in ("greater_than_equal", "greater_than"):
        return gettext("Enter %(number)s or more.", number=context.get("ge", context.get("gt")))
    if kind in ("less_than_equal", "less_than"):
        return gettext("Enter %(number)s or less.", number=context.get("le", context.get("lt")))
    if kind == "string_too_long":
        return gettext("Use at most %(number)s characters.", number=context.get("max_length"))
    if kind.startswith("date_"):
        return gettext("Enter a day such as 2026-11-22.")
    if kind in ("enum", "literal_error"):
        return gettext("Choose one of the list.")
    return gettext(str(problem["msg"]).removeprefix("Value error, "))


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()
