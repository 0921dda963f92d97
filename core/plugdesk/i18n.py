"""Texts in the language of whoever reads them.

English is the language of the source. Every other language is a `messages.po`, read as it stands:
there are no compiled catalogues that could be older than their source. The catalogue of the core
comes first, then those of the plugins, in the order in which `add_folder` named them.

    with use_language("ko"):
        gettext("Sign in")

The language belongs to the running thread or task, not to a request, so that pages, jobs, mails
and the command line all speak through the same functions.

What is found out in the background and read later, by people of several languages, is kept in
English with its values, and said in the language of whoever reads it:

    error = ChannelUnavailable(lazy_gettext("There is no server named %(host)s.", host=host))
    account.error = stored(error.sentence)      # in a job
    shown(account.error)                        # on a page
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = [
    "LANGUAGES",
    "N_",
    "LazyText",
    "add_folder",
    "current_language",
    "gettext",
    "install_in_jinja",
    "joined",
    "language_of_environment",
    "lazy_gettext",
    "match_language",
    "ngettext",
    "pgettext",
    "set_language",
    "shown",
    "stored",
    "translations_for",
    "use_language",
]

#: The languages of the desk, each with its own name for itself.
LANGUAGES = {"en": "English", "ko": "한국어"}
SOURCE_LANGUAGE = "en"
#: Parts the English words of a stored text from its values; no text that people write has it.
_VALUES = "\x1f"

_folders: list[Path] = [Path(__file__).parent / "translations"]
_language: ContextVar[str] = ContextVar("plugdesk_language", default=SOURCE_LANGUAGE)


def gettext(message: str, **values: object) -> str:
    """Return `message` in the current language, with `%(name)s` filled in from `values`."""
    if not message:
        return ""  # a catalogue keeps its own header under the empty text
    text = translations_for(_language.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """Return the form for `n`; `%(num)s` in it stands for `n`."""
    text = translations_for(_language.get()).ngettext(singular, plural, n)
    return text % {"num": n, **values}


def pgettext(context: str, message: str, **values: object) -> str:
    """Return `message` as it is said in `context`, where one English word has two meanings."""
    text = translations_for(_language.get()).pgettext(context, message)
    return text % values if values else text


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogues gather texts
    """Return `message` as it is; marks a text that is translated elsewhere."""
    return message


def lazy_gettext(message: str, **values: object) -> LazyText:
    """Return a text that is translated when it is shown; for what is defined at import."""
    return LazyText(message, values)


class LazyText:
    """A text that finds its language each time it becomes a string."""

    __slots__ = ("_message", "_values")

    def __init__(self, message: str, values: Mapping[str, object]) -> None:
        self._message = message
        self._values = values

    def __str__(self) -> str:
        return gettext(self._message, **self._values)

    def __repr__(self) -> str:
        return f"LazyText({self._message!r})"

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)

    def __contains__(self, part: str) -> bool:
        return part in str(self)

    def __mod__(self, values: object) -> str:
        return str(self) % values

    def __len__(self) -> int:
        return len(str(self))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, str | LazyText) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._message, tuple(self._values)))


def joined(*texts: str | LazyText) -> LazyText:
    """Return sentences that follow each other as one text; empty ones are left out."""
    some = {f"part{number}": text for number, text in enumerate(texts) if str(text)}
    return LazyText(" ".join(f"%({name})s" for name in some), some)


def stored(text: str | LazyText) -> str:
    """Return a text as the database keeps it until `shown` says it to somebody.

    Texts of the catalogue keep their English words and their values. Others, such as the words
    of a mail server, stay as they are.
    """
    if isinstance(text, LazyText):
        kept = text._message if not text._values else _packed(text)  # noqa: SLF001
    else:
        kept = text.replace(_VALUES, " ")
    # What neither database nor UTF-8 can hold may come from a server.
    return kept.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def shown(kept: str) -> str:
    """Return a text that `stored` gave, in the current language."""
    return str(_unpacked(kept)) if _VALUES in kept else gettext(kept)


def _packed(text: LazyText) -> str:
    values = {
        name: _packed(value) if isinstance(value, LazyText) else stored(str(value))
        for name, value in text._values.items()  # noqa: SLF001
    }
    return text._message + _VALUES + json.dumps(values, ensure_ascii=False)  # noqa: SLF001


def _unpacked(kept: str) -> str | LazyText:
    message, mark, values = kept.partition(_VALUES)
    if not mark:
        return message
    try:
        named = json.loads(values)
        return LazyText(message, {name: _unpacked(value) for name, value in named.items()})
    except ValueError:  # words of somebody else that were never given to `stored`
        return kept.replace(_VALUES, " ")


def current_language() -> str:
    """Return the language in which texts are given now."""
    return _language.get()


def set_language(language: str) -> None:
    """Speak `language` from now on in this thread or task; unknown ones become the closest."""
    _language.set(match_language(language) or SOURCE_LANGUAGE)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Speak `language` within the block."""
    token = _language.set(match_language(language) or SOURCE_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


def match_language(wanted: str) -> str | None:
    """Return the language of ours that a tag such as `ko-KR` or `ko_KR.UTF-8` asks for."""
    primary = wanted.replace("_", "-").split(".")[0].split("-")[0].strip().lower()
    return primary if primary in LANGUAGES else None


def language_of_environment(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the language of a terminal (LC_ALL, LC_MESSAGES, LANG), None when it names none."""
    environ = os.environ if environ is None else environ
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(variable):
            return match_language(environ[variable])
    return None


def add_folder(folder: Path) -> None:
    """Take a plugin's `translations` folder into use: `<folder>/ko/LC_MESSAGES/messages.po`.

    What the core translates itself stays as it is; a plugin adds, it does not replace.
    """
    if folder not in _folders:
        _folders.append(folder)
        translations_for.cache_clear()


@cache
def translations_for(language: str) -> NullTranslations:
    """Return the translations of a language, those of all folders together."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    together = NullTranslations()
    for folder in reversed(_folders):
        path = folder / language / "LC_MESSAGES" / "messages.po"
        if path.exists():
            translations = _read(path)
            translations.add_fallback(together)
            together = translations
    return together


def _read(path: Path) -> GNUTranslations:
    # Babel is imported here because reading a catalogue is all that it is needed for, and
    # a command in English starts faster without it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def install_in_jinja(environment: Environment) -> None:
    """Give templates `_()`, `gettext`, `ngettext` and `{% trans %}` in the current language."""
    environment.add_extension("jinja2.ext.i18n")
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(gettext, _plain_ngettext, newstyle=True, pgettext=pgettext)


def _plain_ngettext(singular: str, plural: str, n: int) -> str:
    """Leave filling in to Jinja, which escapes the values for HTML first."""
    return translations_for(_language.get()).ngettext(singular, plural, n)
