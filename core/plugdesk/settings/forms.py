"""Settings between a pydantic model, a form and the database."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from plugdesk.errors import Refused
from plugdesk.i18n import gettext
from plugdesk.settings.secrets import Keys

Model = TypeVar("Model", bound=BaseModel)
#: Marks an encrypted value in stored JSON.
_ENCRYPTED = "$encrypted"


class InvalidSettings(Refused):
    """Values that do not fit a settings model; `problems` names each field with a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        lines = [f"{name}: {sentence}" for name, sentence in problems.items()]
        super().__init__(gettext("Some settings are not right.") + " " + " ".join(lines))


def validate_settings(
    model: type[Model], values: dict[str, Any], *, kept: BaseModel | None = None
) -> Model:
    """Return a settings object from a form's values.

    A secret left empty keeps its value in `kept`; unknown names are refused. Raises
    InvalidSettings.
    """
    unknown = {
        name: gettext("There is no such setting.") for name in values.keys() - model.model_fields
    }
    if unknown:
        raise InvalidSettings(unknown)
    merged = dict(values)
    for name in model.model_fields:
        previous = getattr(kept, name, None)
        if isinstance(previous, SecretStr) and not merged.get(name):
            merged[name] = previous
    try:
        return model.model_validate(merged)
    except ValidationError as error:
        raise InvalidSettings(
            {
                ".".join(str(part) for part in problem["loc"]) or "settings": problem["msg"]
                for problem in error.errors(include_input=False, include_url=False)
            }
        ) from None


def dump_settings(keys: Keys, settings: BaseModel) -> dict[str, Any]:
    """Return settings as JSON values for the database, secrets encrypted."""
    data = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            data[name] = {_ENCRYPTED: keys.encrypt(value.get_secret_value())}
    return data


def secret_names(data: dict[str, Any]) -> list[str]:
    """Return the names of the secrets in stored settings."""
    return [name for name, value in data.items() if isinstance(value, dict) and _ENCRYPTED in value]


def load_settings(keys: Keys, model: type[Model], data: dict[str, Any]) -> Model:
    """Return settings as `dump_settings` stored them.

    Settings that the model no longer knows are left out; those that it has gained take their
    defaults. Raises ConfigError when a secret cannot be read, InvalidSettings when what is stored
    does not fit any more.
    """
    values: dict[str, Any] = {}
    secrets = secret_names(data)
    for name in model.model_fields.keys() & data.keys():
        value = data[name]
        values[name] = keys.decrypt(value[_ENCRYPTED]) if name in secrets else value
    return validate_settings(model, values)
