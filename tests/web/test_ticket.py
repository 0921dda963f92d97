"""The ticket page: timeline, details, composer and what becomes of replies."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from desks import Browser, Desk
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import Attachment
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.models import Message, Note, StoredAttachment, Ticket
from sqlalchemy import func, select


def composer(page: str, form: str = "reply-form") -> dict[str, str]:
    """Return the fields of a form of the composer, as a browser would send them."""
    part = page.split(f'id="{form}"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', part))
    seen = re.search(r'name="seen_version" value="(\d+)"', page)
    assert seen is not None
    return {
        "client_key": fields["client_key"],
        "to": fields.get("to", "").replace("&lt;", "<").replace("&gt;", ">"),
        "cc": fields.get("cc", "").replace("&lt;", "<").replace("&gt;", ">"),
        "seen_version": seen[1],
    }


def outbox(desk: Desk, **values: Any) -> int:
    """Set fields of the only entry in the outbox; returns its message id."""
    with desk.site.db.write() as session:
        entry = session.scalars(select(OutboxEntry)).one()
        for name, value in values.items():
            setattr(entry, name, value)
        entry.changed_at = desk.site.clock.now()
        return entry.message_id


def count(desk: Desk, model: type) -> int:
    """Return how many rows there are."""
    with desk.site.db.read() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_a_reply_is_queued(desk: Desk, mina: Browser) -> None:
    """A reply goes to the requester, shows in the timeline and can be undone."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    assert form["to"] == "Ann Customer <ann@customer.test>"
    files = (io.BytesIO(b"%PDF"), "영수증.pdf")
    answer = mina.post(
        f"/desk/tickets/{ticket_id}/reply",
        {**form, "text": "It left today.\nhttps://parcel.test/1", "files": files,
         "status_after": "pending"},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 302
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "It left today." in page
    assert "Leaves in a moment" in page
    assert 'href="https://parcel.test/1" rel="noopener noreferrer nofollow"' in page
    assert "영수증.pdf" in page
    assert "Mina Kim set the status to Pending." in page


def test_the_same_form_twice_is_one_reply(desk: Desk, mina: Browser) -> None:
    """A double click, or a reload after sending, does not send twice; nor does it for notes."""
    ticket_id, _ = desk.mail()
    page = mina.text(f"/desk/tickets/{ticket_id}")
    for _ in range(2):
        mina.post(f"/desk/tickets/{ticket_id}/reply", {**composer(page), "text": "Once."})
        note = composer(page, "note-form")
        mina.post(f"/desk/tickets/{ticket_id}/note", {**note, "text": "Once."})
    assert count(desk, Message) == 2
    assert count(desk, Note) == 1


def test_a_reply_waits_for_what_is_new(desk: Desk, mina: Browser) -> None:
    """If something was said meanwhile the reply is refused, shown with it, and can be sent then."""
    ticket_id, message_id = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    with desk.site.db.read() as session:
        header = session.get_one(Message, message_id).header_id
    desk.mail("Never mind, it came!", in_reply_to=(header,))
    answer = mina.post(f"/desk/tickets/{ticket_id}/reply", {**form, "text": "Wait a little."})
    assert answer.status_code == 409
    assert "Something new was said" in answer.text
    assert "Never mind, it came!" in answer.text
    assert "Wait a little.</textarea>" in answer.text
    again = mina.post(
        f"/desk/tickets/{ticket_id}/reply", {**composer(answer.text), "text": "Good to hear!"}
    )
    assert again.status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": "  "}, "the text is empty"),
        ({"text": "x", "to": "not an address"}, "not a mail address"),
        ({"text": "x", "cc": "a@b.test, <<>>"}, "not a mail address"),
        ({"text": "x", "bcc": ",".join(f"p{n}@b.test" for n in range(60))}, "too many recipients"),
    ],
)
def test_what_is_wrong_is_said_and_kept(
    fields: dict[str, str], sentence: str, desk: Desk, mina: Browser
) -> None:
    """A reply that cannot be taken comes back as it was, with the reason."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    answer = mina.post(f"/desk/tickets/{ticket_id}/reply", {**form, **fields})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert fields.get("to", form["to"]).replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert count(desk, OutboxEntry) == 0


def test_undo_brings_the_text_and_the_files_back(desk: Desk, mina: Browser) -> None:
    """A reply taken back stands in the form again; its files go along if they stay ticked."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    mina.post(
        f"/desk/tickets/{ticket_id}/reply",
        {**form, "text": "Too early.", "files": (io.BytesIO(b"abc"), "plan.txt")},
        content_type="multipart/form-data",
    )
    message_id = outbox(desk)
    answer = mina.post(f"/desk/messages/{message_id}/undo")
    page = mina.text(answer.location)
    assert "Too early.</textarea>" in page
    assert "taken back" in page
    keep = re.search(r'name="keep" value="(\d+)" checked', page)
    assert keep is not None
    mina.post(
        f"/desk/tickets/{ticket_id}/reply", {**composer(page), "text": "Now.", "keep": keep[1]}
    )
    with desk.site.db.read() as session:
        newest = session.scalars(select(StoredAttachment).order_by(StoredAttachment.id)).all()[-1]
        assert newest.name == "plan.txt"
        assert desk.site.blobs.get(newest.blob_hash) == b"abc"
    assert "Mina Kim took a reply back before it left." in mina.text(f"/desk/tickets/{ticket_id}")


def test_files_of_invisible_tickets_cannot_be_kept(desk: Desk, mina: Browser) -> None:
    """`keep` takes no file that the agent may not see."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    answer = mina.post(f"/desk/tickets/{ticket_id}/reply", {**form, "text": "x", "keep": "4711"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("state", "detail", "words", "button"),
    [
        ("queued", "", "Leaves in a moment", "Undo"),
        ("sending", "", "Being handed over", ""),
        ("accepted", "", "Sent.", ""),
        ("deferred", "451 greylisted", "It said: 451 greylisted", ""),
        ("failed", "550 no such user", "The mail server said: 550 no such user", "Send again"),
        ("unknown", "cut off", "may have arrived, or not", "It arrived"),
    ],
)
def test_what_becomes_of_a_reply_is_said(
    state: str, detail: str, words: str, button: str, desk: Desk, mina: Browser
) -> None:
    """Each state of delivery has its sentence, and a button where an agent can decide."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    mina.post(f"/desk/tickets/{ticket_id}/reply", {**form, "text": "Hello"})
    outbox(desk, state=state, detail=detail)
    page = mina.text(f"/desk/tickets/{ticket_id}")
    delivery = page.split('<div class="delivery')[1].split("</article>")[0]
    assert words in delivery
    assert (button in delivery) if button else ("<button" not in delivery)
    assert (
        "<button"
        not in desk.browser("obs")
        .text(f"/desk/tickets/{ticket_id}")
        .split('<div class="delivery')[1]
        .split("</article>")[0]
    )
    marks = {"failed": "Not delivered", "unknown": "Delivery uncertain", "deferred": "Delayed"}
    assert (marks.get(state, "Not delivered") in mina.text("/desk/inbox/open")) is (state in marks)


def test_an_agent_settles_a_doubt(desk: Desk, mina: Browser) -> None:
    """A reply in doubt is declared arrived, or sent again, by an agent."""
    ticket_id, _ = desk.mail()
    form = composer(mina.text(f"/desk/tickets/{ticket_id}"))
    mina.post(f"/desk/tickets/{ticket_id}/reply", {**form, "text": "Hello"})
    message_id = outbox(desk, state="unknown")
    mina.post(f"/desk/messages/{message_id}/outcome", {"decision": "arrived"})
    assert "Sent." in mina.text(f"/desk/tickets/{ticket_id}")
    outbox(desk, state="failed")
    mina.post(f"/desk/messages/{message_id}/outcome", {"decision": "again"})
    assert "Leaves in a moment" in mina.text(f"/desk/tickets/{ticket_id}")
    mina.post(f"/desk/messages/{message_id}/outcome", {"decision": "again"})
    assert "Only a reply that failed" in mina.text(f"/desk/tickets/{ticket_id}")
    assert mina.post(f"/desk/messages/{message_id}/outcome", {"decision": "x"}).status_code == 400


def test_a_note_is_unmistakable(desk: Desk, mina: Browser) -> None:
    """A note has its own look and wording, and leaves no trace in the outbox."""
    ticket_id, _ = desk.mail()
    page = mina.text(f"/desk/tickets/{ticket_id}?compose=note")
    assert re.search(r'id="reply-form"[^>]* hidden', page)
    assert not re.search(r'id="note-form"[^>]* hidden', page)
    form = composer(page, "note-form")
    mina.post(f"/desk/tickets/{ticket_id}/note", {**form, "text": "She is a friend of mine."})
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "Note · only agents see this" in page
    assert 'class="entry note"' in page
    assert count(desk, OutboxEntry) == 0


def test_fields_change_and_tell(desk: Desk, mina: Browser) -> None:
    """Status, assignee, priority, place and tags change one by one, each with its sentence."""
    ticket_id, _ = desk.mail()
    steps: list[tuple[dict[str, object], str]] = [
        ({"assignee": desk.person("jun")}, "Mina Kim assigned this to Jun Park."),
        ({"assignee": desk.person("mina")}, "Mina Kim took this ticket."),
        ({"assignee": ""}, "Mina Kim took the assignment away."),
        ({"priority": "urgent"}, "Mina Kim set the priority to Urgent."),
        ({"status": "resolved"}, "Mina Kim set the status to Resolved."),
        ({"add_tag": "vip, #Refund"}, "Mina Kim added the tags refund, vip."),
        ({"remove_tag": "vip"}, "Mina Kim removed the tags vip."),
        ({"place": "spam"}, "Mina Kim marked this as spam."),
        ({"place": "inbox"}, "Mina Kim said that this is not spam."),
        ({"subject": "Better"}, "Mina Kim changed the subject to “Better”."),
    ]
    for form, sentence in steps:
        answer = mina.post(f"/desk/tickets/{ticket_id}/change", form)
        assert answer.status_code == 302, form
        assert sentence in mina.text(f"/desk/tickets/{ticket_id}")
    for nonsense in ({}, {"status": "broken"}, {"place": "moon"}):
        answer = mina.post(f"/desk/tickets/{ticket_id}/change", nonsense)
        assert answer.status_code == 400
    mina.post(f"/desk/tickets/{ticket_id}/change", {"assignee": desk.person("obs")})
    assert "active agents only" in mina.text(f"/desk/tickets/{ticket_id}")


def test_quotations_are_folded(desk: Desk, mina: Browser) -> None:
    """What a mail quotes is there, folded under a handle that works without scripts."""
    text = "Thanks!\n\nOn Monday Mina wrote:\n> It left today.\n"
    ticket_id, message_id = desk.mail(text)
    with desk.site.db.write() as session:
        session.get_one(Message, message_id).quote_start = text.index("On Monday")
    page = mina.text(f"/desk/tickets/{ticket_id}")
    before, quote = page.split('<details class="quote">')
    assert "Thanks!" in before
    assert "It left today." not in before
    assert "&gt; It left today." in quote


def test_people_who_joined_by_mail_are_confirmed(desk: Desk, mina: Browser) -> None:
    """Somebody whom a mail named in copy gets no reply until an agent says that they belong."""
    ticket_id, _ = desk.mail(cc=(Address("Bob", "bob@other.test"),))
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "Bob joined by mail and is not confirmed" in page
    assert "bob@other.test" not in composer(page)["cc"]
    person = re.search(r'name="person" value="(\d+)"', page)
    assert person is not None
    mina.post(f"/desk/tickets/{ticket_id}/people", {"person": person[1]})
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "confirmed that Bob belongs here" in page
    assert composer(page)["cc"] == "Bob <bob@other.test>"


def test_unknown_senders_get_no_reply_by_default(desk: Desk, mina: Browser) -> None:
    """When the headers contradict each other nobody is recognised and the field To is empty."""
    ticket_id, _ = desk.mail(sender_certain=False)
    page = mina.text(f"/desk/tickets/{ticket_id}")
    assert "headers contradict each other" in page
    assert composer(page)["to"] == ""


def test_the_receipt_says_why(desk: Desk, mina: Browser) -> None:
    """Every message tells in a sentence why it is on its ticket, and where it was seen."""
    ticket_id, message_id = desk.mail()
    page = mina.text(f"/desk/messages/{message_id}/why")
    assert "It answers nothing that we know, so it began this ticket." in page
    assert "INBOX:1:" in page
    with desk.site.db.read() as session:
        header = session.get_one(Message, message_id).header_id
    _, second = desk.mail("Again", in_reply_to=(header,))
    page = mina.text(f"/desk/messages/{second}/why")
    assert "names an earlier message of this ticket by its Message-ID" in page
    assert ticket_id


def test_a_message_is_moved_and_moved_back(desk: Desk, mina: Browser) -> None:
    """An agent moves a message to another ticket or a new one, and back again."""
    first, message_id = desk.mail("One")
    with desk.site.db.read() as session:
        header = session.get_one(Message, message_id).header_id
    _, second = desk.mail("Two", in_reply_to=(header,))
    other, _ = desk.mail("Other", subject="Other")
    answer = mina.post(f"/desk/messages/{second}/move", {"where": "ticket", "ticket": f"#{other}"})
    assert answer.location == f"/desk/tickets/{other}#message-{second}"
    page = mina.text(f"/desk/tickets/{other}")
    assert "Moved here by an agent." in page
    assert f"moved a message from #{first} to #{other}" in page
    mina.post(f"/desk/messages/{second}/move", {"where": "back"})
    assert "Two" in mina.text(f"/desk/tickets/{first}")
    answer = mina.post(f"/desk/messages/{second}/move", {"where": "new"})
    assert "made this ticket from a message of" in mina.text(answer.location)
    for form in ({"where": "ticket", "ticket": "x"}, {"where": "ticket", "ticket": "999"}):
        answer = mina.post(f"/desk/messages/{message_id}/move", form)
        assert answer.location == f"/desk/messages/{message_id}/move"
    assert mina.post(f"/desk/messages/{message_id}/move", {"where": "x"}).status_code == 400


def test_a_poll_notices_messages_and_deliveries(desk: Desk, mina: Browser) -> None:
    """The ticket's tag changes with what is said and with what becomes of a reply."""
    ticket_id, _ = desk.mail()
    path = f"/desk/tickets/{ticket_id}"

    def poll(tag: str) -> int:
        return mina.get(path, headers={"HX-PTag": tag}).status_code

    tag = mina.get(path).headers["HX-PTag"]
    assert poll(tag) == 304
    mina.post(f"{path}/reply", {**composer(mina.text(path)), "text": "Hello"})
    assert poll(tag) == 200
    tag = mina.get(path).headers["HX-PTag"]
    outbox(desk, state="deferred")
    assert poll(tag) == 200


def test_a_new_conversation(desk: Desk, mina: Browser) -> None:
    """An agent writes first: the ticket is theirs and the message queued."""
    page = mina.text("/desk/new?to=new@customer.test")
    assert 'value="new@customer.test"' in page
    form = {"account": desk.account_id, "to": "Neo <new@customer.test>", "subject": "Your order",
            "text": "Hello Neo", "client_key": "k1"}  # fmt: skip
    answer = mina.post("/desk/new", {**form, "account": "999"})
    assert answer.status_code == 422
    assert "Choose the account" in answer.text
    assert "Hello Neo</textarea>" in answer.text
    answer = mina.post("/desk/new", form)
    page = mina.text(answer.location)
    assert "Your order" in page
    assert "Leaves in a moment" in page
    assert mina.post("/desk/new", form).location == answer.location
    assert count(desk, Ticket) == 1


def test_too_large_uploads_are_refused_in_words(desk: Desk, mina: Browser) -> None:
    """An upload beyond the limit is answered with a sentence."""
    ticket_id, _ = desk.mail()
    token = mina.token()
    desk.app.config["MAX_CONTENT_LENGTH"] = 1000
    data = {"csrf_token": token, "text": "x", "files": (io.BytesIO(b"x" * 5000), "big.bin")}
    answer = mina.client.post(
        f"/desk/tickets/{ticket_id}/reply", data=data, content_type="multipart/form-data"
    )
    assert answer.status_code == 413
    assert "This is too large" in answer.text


def test_inline_images_are_no_list_entries(desk: Desk, mina: Browser) -> None:
    """Images that a mail shows inside itself are not listed as files again."""
    image = Attachment(
        name="logo.png", content_type="image/png", content=b"p", content_id="a@b", inline=True
    )
    ticket_id, _ = desk.mail("x", html='<p>x<img src="cid:a@b"></p>', files=[image])
    assert "logo.png" not in mina.text(f"/desk/tickets/{ticket_id}")
