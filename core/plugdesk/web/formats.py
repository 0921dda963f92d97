"""Template filters: moments, sizes, names and texts as people read them."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from zlib import crc32

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from flask import Flask
from markupsafe import Markup

from plugdesk.i18n import current_language
from plugdesk.markup.compose import linkify
from plugdesk.web.current import current_site
from plugdesk.web.language import zone

_FULL = {"en": "EEE d MMM y, HH:mm", "ko": "y. M. d.(E) aaaa h:mm"}
_DAY = {"en": "d MMM", "ko": "M월 d일"}
_DAY_AND_YEAR = {"en": "d MMM y", "ko": "y. M. d."}
_HUES = 8
_KILO = 1024


def install_filters(app: Flask) -> None:
    """Give the filters to the templates of `app`."""
    for function in (ago, moment, avatar, hue, filesize, number, lines):
        app.add_template_filter(function)


def moment(when: datetime) -> str:
    """Return a moment in full, in the reader's zone: `Sun 22 Nov 2026, 15:05`."""
    return _pattern(when, _FULL)


def ago(when: datetime) -> Markup:
    """Return a `<time>` that reads as a distance when recent and as a day otherwise.

    The full moment stands in its title, and a script keeps the distance fresh.
    """
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        when.isoformat(timespec="seconds"), moment(when), _distance(when)
    )


def filesize(size: int) -> str:
    """Return a number of bytes as people write it."""
    if size < _KILO:
        return f"{size} B"
    amount, unit = (size / _KILO, "KB") if size < _KILO**2 else (size / _KILO**2, "MB")
    return f"{format_decimal(round(amount, 1), locale=current_language())} {unit}"


def number(value: int) -> str:
    """Return a number with the language's thousands separator."""
    return format_decimal(value, locale=current_language())


def avatar(name: str) -> str:
    """Return one or two letters that stand for a name: `MK` for Mina Kim, `김` for 김민아."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    first = unicodedata.normalize("NFC", words[0])[0].upper()
    if ord(first) > 0x2E80 or len(words) == 1:  # a syllable or an ideograph says enough alone
        return first
    return first + words[-1][0].upper()


def hue(name: str) -> int:
    """Return which of the avatar colours belongs to a name; the same one everywhere."""
    return crc32(name.encode()) % _HUES


def lines(text: str) -> Markup:
    """Return plain text escaped, with its web addresses as links; CSS keeps its line breaks."""
    return Markup("\n").join(linkify(line) for line in text.split("\n"))


def _distance(when: datetime) -> str:
    now = current_site().clock.now()
    passed = now - when
    if timedelta(0) <= passed < timedelta(days=1):
        return format_timedelta(
            -passed if passed >= timedelta(minutes=1) else -timedelta(seconds=1),
            granularity="minute",
            threshold=1,
            add_direction=True,
            format="narrow",
            locale=current_language(),
        )
    same_year = when.astimezone(zone()).year == now.astimezone(zone()).year
    return _pattern(when, _DAY if same_year else _DAY_AND_YEAR)


def _pattern(when: datetime, patterns: dict[str, str]) -> str:
    language = current_language()
    return format_datetime(when, patterns[language], tzinfo=zone(), locale=language)
