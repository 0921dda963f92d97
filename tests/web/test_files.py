"""What strangers sent: mail frames and attachments (cases S16-S20)."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from desks import Browser, Desk
from plugdesk.clock import FrozenClock
from plugdesk.contract.messages import Attachment
from plugdesk.web.files import disposition, make_token, open_token, safe_name


def frame(browser: Browser, message_id: int, **headers: str) -> str:
    """Return a mail's own document."""
    wanted = {"Sec-Fetch-Dest": "iframe", **headers}
    answer = browser.get(f"/desk/messages/{message_id}/html", headers=wanted)
    assert answer.status_code == 200
    return answer.text


def test_a_mail_s_html_lives_in_a_frame(desk: Desk, mina: Browser) -> None:
    """The page holds no markup of the mail, only a sandboxed frame without scripts."""
    ticket_id, message_id = desk.mail("Hi", html="<p style='color:red'>Hi <b>there</b></p>")
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "<b>there</b>" not in page
    sandbox = re.search(r'<iframe[^>]* sandbox="([^"]*)"', page)
    assert sandbox is not None
    assert set(sandbox[1].split()) == {
        "allow-same-origin", "allow-popups", "allow-popups-to-escape-sandbox"
    }  # fmt: skip
    assert "<b>there</b>" in frame(mina, message_id)


def test_the_frame_s_policy(desk: Desk, mina: Browser) -> None:
    """Images from elsewhere wait for consent, which is for one message and one look."""
    html = '<p><img src="https://tracker.test/x.png">Hi</p>'
    ticket_id, message_id = desk.mail("Hi", html=html)
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "Show remote images" in page
    path = f"/desk/messages/{message_id}/html"
    closed = mina.get(path).headers
    assert "img-src 'self' data:;" in closed["Content-Security-Policy"]
    assert "sandbox" in closed["Content-Security-Policy"]
    assert closed["Referrer-Policy"] == "no-referrer"
    assert closed["X-Frame-Options"] == "SAMEORIGIN"
    assert "https:" in mina.get(f"{path}?images=1").headers["Content-Security-Policy"]
    page = mina.text(f"/desk/tickets/{ticket_id}?images={message_id}")
    assert "?images=1" in page
    assert "Show remote images" not in page


def test_the_frame_is_no_page(desk: Desk, mina: Browser) -> None:
    """Opened as a page of its own the document is refused, also to its agent."""
    _, message_id = desk.mail("Hi", html="<p>Hi</p>")
    for purpose in ("document", "image", "script", "object"):
        headers = {"Sec-Fetch-Dest": purpose}
        assert mina.get(f"/desk/messages/{message_id}/html", headers=headers).status_code == 403
    assert desk.browser().get(f"/desk/messages/{message_id}/html").status_code == 302


def test_inline_images_are_shown(desk: Desk, mina: Browser) -> None:
    """`cid:` images (RFC 2392) come from the attachments; unknown ones stay as they are."""
    image = Attachment(
        name="logo.png", content_type="image/png", content=b"\x89PNG", content_id="a&b@c",
        inline=True,
    )  # fmt: skip
    html = '<p><img alt="x" src="cid:a&amp;b@c"><img src="cid:other"></p>'
    _, message_id = desk.mail("Hi", html=html, files=[image])
    body = frame(mina, message_id)
    path = re.search(r'src="(/files/[^"]+)"', body)
    assert path is not None
    assert "cid:other" in body
    answer = desk.browser().get(path[1])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.data == b"\x89PNG"


@pytest.mark.parametrize(
    ("content_type", "served"),
    [
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("application/xml", "application/octet-stream"),
        ("application/pdf", "application/octet-stream"),
        ("image/jpeg", "image/jpeg"),
    ],
)
def test_attachments_are_downloads(
    content_type: str, served: str, desk: Desk, mina: Browser
) -> None:
    """Whatever was sent is a download of no type that a browser runs, without cookies (S18)."""
    file = Attachment(name="Größe 표.svg", content_type=content_type, content=b"<svg onload=x>")
    ticket_id, _ = desk.mail(files=[file])
    link = re.search(r'href="(/files/[^"]+)"', mina.text(f"/desk/tickets/{ticket_id}"))
    assert link is not None
    answer = desk.browser().get(link[1])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == served
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "private" in answer.headers["Cache-Control"]


def test_addresses_of_files_end_and_cannot_be_made_up(desk: Desk) -> None:
    """A token names one file for two hours at most; a changed or stale one opens nothing."""
    clock = FrozenClock(desk.site.clock.now())
    keys, now = desk.site.keys, clock.now()
    token = make_token(keys, now, 7)
    assert open_token(keys, now, token) == 7
    assert make_token(keys, now, 7) == token
    clock.move(hours=2)
    assert open_token(keys, clock.now(), token) is None
    _, ends, signature = token.split(".")
    forged = [f"8.{ends}.{signature}", f"7.{int(ends) + 9}.{signature}", f"7.{ends}.{'a' * 26}",
              "7", "", f"٧.{ends}.{signature}", f"7.{ends}.{signature}\n"]  # fmt: skip
    for text in forged:
        assert open_token(keys, now, text) is None
    assert desk.browser().get(f"/files/{forged[0]}/x").status_code == 404
    assert desk.browser().get(f"/files/{make_token(keys, now, 4711)}/x").status_code == 404


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\x00b.txt", "ab.txt"),
        ("txt.\u202egpj.exe", "txt.gpj.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("한글.pdf", "한글.pdf"),
        ("", "attachment"),
        ("...", "attachment"),
        ('a"b<c>.txt', "a_b_c_.txt"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ("line\r\nSet-Cookie: a=b", "lineSet-Cookie_ a=b"),
    ],
)
def test_names_cannot_deceive(name: str, safe: str) -> None:
    """Paths, NULs, direction marks and hidden dots do not survive in a file's name (S20)."""
    assert safe_name(name) == safe
    header = disposition(name)
    assert header.isascii()
    assert "\n" not in header
    assert "\r" not in header
    assert unquote(header.split("UTF-8''")[1]) == safe
