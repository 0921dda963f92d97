"""An owner's people and teams in a real browser: without scripts, in both languages, on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from desks import PASSWORD, Desk
from plugdesk.people.models import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    SignedIn = Callable[..., AbstractContextManager[Page]]

PHONE, WIDE = (375, 800), (1280, 900)


def fits(page: Page) -> bool:
    """Say whether nothing stands out of the window sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider <= 0


@pytest.mark.parametrize(
    ("language", "viewport", "javascript", "colours"),
    [("en", PHONE, False, "light"), ("ko", WIDE, True, "dark"), ("ko", PHONE, False, "dark")],
)
def test_from_a_new_colleague_to_a_deleted_team(
    language: str, viewport: tuple[int, int], javascript: bool, colours: str,
    desk: Desk, signed_in: SignedIn,
) -> None:  # fmt: skip
    """Somebody is added, put into a private team, let go, and the team deleted, by forms alone."""
    with desk.site.db.write() as session:
        session.get_one(Person, desk.person("owner")).language = language
    name = f"Nele {language} {viewport[0]}"
    address = f"nele-{language}-{viewport[0]}@desk.test"
    options: dict[str, Any] = {"viewport": viewport, "javascript": javascript}
    with signed_in("owner", color_scheme=colours, **options) as page:
        page.goto("/admin/people")
        page.click("a[href='/admin/people/new']")
        page.fill("[name=name]", name)
        page.fill("[name=address]", address)
        page.click("main button.primary")
        password = page.inner_text(".secret")
        assert fits(page)
        page.click("main a.primary")
        page.click("a[href='/admin/teams/new']")
        page.fill("[name=name]", f"배송과 교환 {name}")
        page.check("[name=private]")
        page.check(f"label:has-text('{address}') input")
        assert fits(page)
        page.click("main button.primary")
        row = page.locator(f"li.person:has-text('{address}')")
        assert f"배송과 교환 {name}" in row.inner_text()
        assert fits(page)
        row.locator("a.button").click()
        page.click("button[value=deactivate]")
        assert row.locator(".chip.bad").count() == 1
        page.locator(
            "li.person", has=page.get_by_text(f"배송과 교환 {name}", exact=True)
        ).last.locator("a.button").click()
        assert fits(page)
        page.click("main .danger")
        page.wait_for_url("**/admin/people")
        assert f"배송과 교환 {name}" not in page.inner_text("main .page-body")
    assert password != PASSWORD
    answer = desk.browser().post("/sign-in", {"address": address, "password": password})
    assert answer.status_code == 401
