"""What runs in the process that may be killed: understanding raw items.

Bytes in, JSON bytes out. No site, no settings, no database, no network.
"""

from __future__ import annotations

import importlib
import resource
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from plugdesk.contract.messages import IncomingMessage
from plugdesk.errors import PlugdeskError
from plugdesk.i18n import LazyText, lazy_gettext, stored
from plugdesk.markup.sanitize import sanitize

_LONGEST_TRACEBACK = 4000
# Made now: when memory or stack has run out is no time to make anything.
_MEMORY = lazy_gettext("Understanding the message takes more memory than it may.")
_DEPTH = lazy_gettext("The message nests its parts too deeply to be understood.")


@with_config(ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What became of one raw item: a message, or the reason why not."""

    message: IncomingMessage | None = None
    reason: str = ""
    """A sentence for a person, as `i18n.stored` gives it: this process knows no language."""
    detail: str = ""
    """What the program said."""


_ADAPTER: TypeAdapter[Parsed] = TypeAdapter(Parsed)


def dump(parsed: Parsed) -> bytes:
    """Return `parsed` as JSON, attachments in base64."""
    return _ADAPTER.dump_json(parsed)


def load(data: bytes) -> Parsed:
    """Return what `dump` was given; values that are no message become the reason."""
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        reason = lazy_gettext("The channel's answer is not the message that it should be.")
        return Parsed(reason=stored(reason), detail=str(error)[:_LONGEST_TRACEBACK])


def limit_memory(megabytes: int) -> None:
    """Keep this process from taking more address space than it is given."""
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def parse_batch(channel: str, raws: list[bytes]) -> list[bytes]:
    """Understand items of the channel class `module:name`; one that fails fails alone."""
    module, _, name = channel.partition(":")
    parse = getattr(importlib.import_module(module), name).parse
    return [_parse_one(parse, raw) for raw in raws]


def sanitize_text(html: str) -> bytes:
    """Sanitise HTML that a plugin replaced."""
    return sanitize(html).encode()


def _parse_one(parse: Any, raw: bytes) -> bytes:
    try:
        message: IncomingMessage = parse(raw)
        if not isinstance(message, IncomingMessage):
            return dump(_refused(lazy_gettext("The channel did not answer with a message.")))
        safe = replace(message, html=sanitize(message.html)) if message.html else message
        return dump(Parsed(message=storable(safe)))
    except MemoryError:
        outcome = _refused(_MEMORY)
    except RecursionError:
        outcome = _refused(_DEPTH)
    except PlugdeskError as error:
        outcome = _refused(error.sentence)
    except Exception as error:
        detail = traceback.format_exc()[-_LONGEST_TRACEBACK:]
        sentence = lazy_gettext("The message could not be understood: %(error)s", error=error)
        outcome = _refused(sentence, detail)
    return dump(outcome)


def _refused(sentence: str | LazyText, detail: str = "") -> Parsed:
    refused: Parsed = storable(Parsed(reason=stored(sentence), detail=detail))
    return refused


def storable(value: Any) -> Any:
    """Replace what PostgreSQL and UTF-8 cannot store: NUL and lone surrogates."""
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "\ufffd")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(storable(item) for item in value)
    if isinstance(value, Mapping):
        return {storable(name): storable(item) for name, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: storable(getattr(value, field.name))
            for field in fields(value)
            if not isinstance(getattr(value, field.name), bytes)
        }
        return replace(value, **changed)
    return value
