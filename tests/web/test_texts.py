"""Every text in every language, and what templates may not contain."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from desks import Browser, Desk
from plugdesk import i18n

CORE = Path(i18n.__file__).parent
ROOT = CORE.parents[1]
TEMPLATES = sorted((CORE / "templates").rglob("*.html"))
PACKAGES = [CORE, *sorted(path.parent for path in ROOT.glob("plugins/*/*/translations"))]
LANGUAGES = sorted(set(i18n.LANGUAGES) - {"en"})
PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def gathered(package: Path, folder: Path) -> set[str]:
    """Return all texts of a package, as `make messages` gathers them."""
    found = folder / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract"]
    command += ["--mapping-file", "pyproject.toml", "--keywords", "lazy_gettext"]
    command += ["--output-file", str(found), str(package.relative_to(ROOT))]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with found.open("rb") as file:
        return {texts_of(one.id)[0] for one in read_po(file) if one.id}


def texts_of(entry: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the forms of an entry of a catalogue: one, or singular and plural."""
    return (entry,) if isinstance(entry, str) else tuple(entry or ())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_text_is_translated(package: Path, language: str, tmp_path: Path) -> None:
    """No text is missing, empty, doubtful or left over, and each keeps its placeholders."""
    messages = gathered(package, tmp_path)
    with (package / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    translated: dict[str, str] = {}
    for one in catalogue:
        if not one.id:
            continue
        assert not one.fuzzy, one.id
        wanted = set(PLACEHOLDER.findall(texts_of(one.id)[-1]))
        for text in texts_of(one.string):
            assert set(PLACEHOLDER.findall(text)) <= wanted, one.id
            translated[texts_of(one.id)[0]] = text
    assert {text for text in messages if not translated.get(text)} == set()
    assert set(translated) - messages == set()


class Texts(HTMLParser):
    """Collects what a person reads or hears on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        heard = ("title", "aria-label", "placeholder", "alt")
        self.found += [value for name, value in attrs if name in heard and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(data.strip())


#: What stands on pages in every language: names, addresses, numbers and signs.
FREE = re.compile(
    r"Plugdesk|English|한국어|Message-ID:|pip|[\w.+<@-]+@[\w.-]+>?,?|[#+]?[\d.,:/]+\+?|[·…<>()→-]+"
)
FAR = "⟦{}⟧"


@pytest.fixture
def far_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which every text stands in brackets, so that the others show."""

    class Far:
        def gettext(self, message: str) -> str:
            return FAR.format(message)

        def ngettext(self, singular: str, plural: str, n: int) -> str:
            return FAR.format(singular if n == 1 else plural)

        def pgettext(self, _context: str, message: str) -> str:
            return FAR.format(message)

    monkeypatch.setattr(i18n, "translations_for", lambda _language: Far())


def test_no_page_speaks_past_the_catalogue(desk: Desk, owner: Browser, far_language: None) -> None:
    """Whatever a page says apart from people's own words comes from the catalogue."""
    ticket_id, message_id = desk.mail("8", subject="7", name="9", html="<img src=https://x>")
    owner.post(f"/desk/tickets/{ticket_id}/note", {"text": "6"})
    owner.post(f"/desk/tickets/{ticket_id}/reply", {"text": "5", "to": "1@b.test"})
    own = {"Olga Owner", "Mina Kim", "Jun Park", "김민지", "Otto Observer"}
    own |= {"Support", "INBOX", "mailbox", "0.1.0", "OO", "MK", "JP", "김", "S"}
    own |= {"Any mailbox as a channel: IMAP in, SMTP out"}
    paths = ["/desk/inbox/open", "/desk/inbox/trash", f"/desk/tickets/{ticket_id}", "/desk/new",
             f"/desk/messages/{message_id}/why", f"/desk/messages/{message_id}/move",
             "/admin/accounts", "/admin/accounts/new", "/admin/quarantine", "/admin/plugins",
             "/admin/people", "/setup/next"]  # fmt: skip
    for path in paths:
        parser = Texts()
        parser.feed(re.sub(r"<(time|code|option)\b.*?</\1>", "", owner.text(path), flags=re.DOTALL))
        for text in parser.found:
            rest = re.sub(r"⟦[^⟧]*⟧", "", text).replace("Olga Owner", "").strip()
            words = [word for word in rest.split() if not FREE.fullmatch(word)]
            assert not words or rest in own, (path, text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_keep_the_policy(path: Path) -> None:
    """No inline script, style or handler, and nothing of htmx that needs eval."""
    source = path.read_text("utf-8")
    inside = re.sub(r"\{[{%#].*?[#%}]\}", "", source, flags=re.DOTALL)
    assert not re.search(r"\son\w+\s*=", inside), "inline handler"
    assert not re.search(r"<script(?![^>]*\ssrc=)", inside), "inline script"
    assert not re.search(r"\bhx-on", source), "hx-on needs eval"
    assert not re.search(r"""["'{:]\s*(js|javascript):""", source), "js: values need eval"
    assert not re.search(r"hx-trigger=\"[^\"]*\[", source), "trigger filters need eval"
    assert not re.search(r"\|\s*safe\b", source), "escaping switched off"
    assert "https://" not in source
    if path.name != "mail_frame.html":  # a page of its own policy
        assert "<style" not in inside
        assert not re.search(r"\sstyle\s*=", inside), "inline style"


def test_every_posting_form_carries_its_token() -> None:
    """A form that posts has the hidden field, so that it works without scripts."""
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text("utf-8"), flags=re.DOTALL):
            if 'method="post"' in form:
                assert "csrf()" in form or 'name="csrf_token"' in form, (path, form[:100])


def test_scripts_and_styles_stay_at_home() -> None:
    """Our scripts evaluate nothing and our files name no other host."""
    static = CORE / "static"
    for path in [*static.glob("js/*.js"), *static.glob("css/*.css"), static / "icons.svg"]:
        source = path.read_text("utf-8")
        assert not re.search(r"\beval\(|new Function|innerHTML|document\.write", source), path
        assert "//" not in re.sub(r"(^|\s)//.*|http://www\.w3\.org/2000/svg", "", source), path
