"""Texts in the language of whoever reads them."""

from pathlib import Path

import pytest
from jinja2 import Environment
from plugdesk import i18n
from plugdesk.i18n import (
    add_folder,
    gettext,
    install_in_jinja,
    language_of_environment,
    lazy_gettext,
    match_language,
    ngettext,
    pgettext,
    use_language,
)

CATALOGUE = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

msgid "A text of tests"
msgstr "시험용 문장"

msgid "Hello, tester %(name)s"
msgstr "%(name)s 시험자님, 안녕하세요"

msgid "%(num)s tested thing"
msgid_plural "%(num)s tested things"
msgstr[0] "시험한 것 %(num)s개"

msgctxt "test verb"
msgid "Test open"
msgstr "시험 열기"

msgid "An untranslated text of tests"
msgstr ""
"""


@pytest.fixture(autouse=True)
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's catalogue, forgotten after the test."""
    monkeypatch.setattr(i18n, "_folders", list(i18n._folders))
    folder = tmp_path / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(CATALOGUE, encoding="utf-8")
    add_folder(tmp_path)


def test_texts_follow_the_language() -> None:
    """A text is translated within `use_language` and is English outside of it."""
    with use_language("ko"):
        assert gettext("A text of tests") == "시험용 문장"
        assert gettext("Hello, tester %(name)s", name="민지") == "민지 시험자님, 안녕하세요"
        assert pgettext("test verb", "Test open") == "시험 열기"
        assert ngettext("%(num)s tested thing", "%(num)s tested things", 2) == "시험한 것 2개"
    assert gettext("A text of tests") == "A text of tests"
    assert ngettext("%(num)s tested thing", "%(num)s tested things", 2) == "2 tested things"


def test_a_missing_translation_is_the_english_text() -> None:
    """Unknown, untranslated and empty texts come back as they are."""
    with use_language("ko"):
        assert gettext("Nobody translated this") == "Nobody translated this"
        assert gettext("An untranslated text of tests") == "An untranslated text of tests"
        assert gettext("") == ""


def test_a_lazy_text_finds_its_language_when_shown() -> None:
    """A text defined at import is translated each time it is shown, in f-strings too."""
    text = lazy_gettext("A text of tests")
    assert f"{text}" == "A text of tests"
    with use_language("ko"):
        assert f"{text:>8}" == "  시험용 문장"
        assert text == "시험용 문장"


def test_templates_speak_the_language_and_escape_values() -> None:
    """`_()` and `{% trans %}` translate; what is filled in is escaped as HTML."""
    environment = Environment(autoescape=True)
    install_in_jinja(environment)
    template = environment.from_string(
        '{{ _("Hello, tester %(name)s", name=who) }}|'
        "{% trans num=3 %}{{ num }} tested thing{% pluralize %}"
        "{{ num }} tested things{% endtrans %}"
    )
    with use_language("ko"):
        assert template.render(who="<b>") == "&lt;b&gt; 시험자님, 안녕하세요|시험한 것 3개"


@pytest.mark.parametrize(
    ("tag", "language"), [("ko-KR", "ko"), ("ko_KR.UTF-8", "ko"), ("EN", "en"), ("fr", None)]
)
def test_tags_are_matched(tag: str, language: str | None) -> None:
    """Tags of browsers and of terminals name our languages, or none."""
    assert match_language(tag) == language


def test_the_terminal_says_its_language() -> None:
    """LC_ALL wins over LANG; a language of no country, such as C, says nothing."""
    assert language_of_environment({"LANG": "en_US.UTF-8", "LC_ALL": "ko_KR.UTF-8"}) == "ko"
    assert language_of_environment({"LANG": "C.UTF-8"}) is None
    assert language_of_environment({}) is None
