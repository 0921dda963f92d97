"""Bounces of servers that write prose instead of a delivery report (RFC 3464).

Servers have hundreds of wordings; what they share is a daemon as author or an empty return
path, a few phrases, the failed address at the beginning of a line, and the returned message.
"""

from __future__ import annotations

import re

from plugdesk.plugin import DeliveryReport, canonical_address

from plugdesk_mailbox.mime.clean import one_line
from plugdesk_mailbox.mime.identity import mailboxes
from plugdesk_mailbox.mime.tree import Part
from plugdesk_mailbox.mime.words import decode_words

_DAEMON = re.compile(
    r"\b(?:mailer[-_. ]?daemon|post[-_]?master|mail[-_ ]?daemon|mmdf|mdaemon|postoffice|mailadm|"
    r"(?:mail[-_. ]?)?delivery(?:[-_. ](?:sub)?system)|mail[-_. ]?(?:delivery|system|service)|"
    r"system administrator|smtp[-_. ]?(?:gateway|server|mail))\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|non.?deliver|not deliver|(?:un|non-?)\s?deliverable|delivery|bounce|sendmail|"
    r"returned? (?:mail|to sender|message)|deliver\w* (?:status|fail|prob|err|report|notif|delay)|"
    r"fail\w* (?:deliver|notice|mail)|mail (?:delivery|system|status|could not|failure|error)|"
    r"message (?:could not|not|status|undeliver)|could not send|unable to (?:deliver|send)|"
    r"user unknown|mail(?:er)?[- ]error|error sending|warning: (?:could not|message)|non remis|"
    r"unzustellbar|mail failed|rejected|waiting mail|배달|반송|전송 실패|発送|配信|送信",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdelayed\b|warning: (?:could not|message)|\(delay\)|not yet been delivered|will (?:continue|"
    r"keep) (?:to )?(?:try|retry)|still trying|temporary (?:non-delivery|problem)|do not need to "
    r"re-?send",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"-{2,40}.*(?:original|returned|copy|below this line|unsent|header|forwarded|text of your)"
    r"|(?:received|return-path|message-id|x-[a-z-]+):|begin 644 "
    r"|.*(?:original message|copy of (?:the|your) message|message (?:headers?|text) follows?|"
    r"headers? follows?|content of the message|returned message).{0,40}\Z",
    re.IGNORECASE,
)
_LONGEST_LINE = 200
_ADDRESS = re.compile(
    r"[A-Za-z0-9._%+=/&'!#$*?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}"
)
_LEADING = re.compile(
    r"^[ \t>|*-]{0,12}(?:(?:to|rcpt to|recipient|final-recipient|address|user|addressee|"
    r"could not be delivered to|failed address(?:es)?)\s{0,3}[:=]\s{0,4}(?:rfc822;)?\s?)?"
    r"[<\"'\[(]?(?:smtp:)?$",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,2}\.\d{1,3})(?![\d.])")
_LONGEST_AUTHOR = 500
_WINDOW = 64 * 1024
_MOST = 50


def is_bounce(root: Part, subject: str) -> bool:
    """Say whether a mail server wrote the message about another that it could not deliver."""
    if root.first("x-failed-recipients"):
        return True
    if root.first("auto-submitted").lower().startswith("auto-replied") and not _by_daemon(root):
        return False
    about_delivery = bool(_SUBJECT.search(subject))
    if root.media_type == "multipart/report":
        return "disposition" not in root.type_field.raw.get("report-type", "") and about_delivery
    return about_delivery and (_by_daemon(root) or root.first("return-path").strip() == "<>")


def _by_daemon(root: Part) -> bool:
    """Say whether the author is a mail server.

    A name alone ("Acme Mail Service") does not make one of somebody with a return path.
    """
    author, _ = decode_words(root.first("from")[:_LONGEST_AUTHOR])
    if not _is_daemon(author):
        return False
    path = root.first("return-path")
    if "@" not in path or _is_daemon(path):
        return True
    return any(_is_daemon(box.address) for box in mailboxes(root, "from"))


def _is_daemon(text: str) -> bool:
    return bool(_DAEMON.search(text.replace("_", "-")))


def is_delay(subject: str, text: str) -> bool:
    """Say whether the server only reports that it is still trying."""
    return bool(_DELAY.search(subject) or _DELAY.search(text[:4096]))


def reports_in_text(root: Part, subject: str, text: str, original: str) -> list[DeliveryReport]:
    """Return what the prose of a bounce says about its recipients.

    Those are believed that stand at a line's beginning; where none does, the first one named.
    """
    listed = [a for a in root.first("x-failed-recipients").replace(",", " ").split() if "@" in a]
    ours = {box.address.casefold() for name in ("to", "from") for box in mailboxes(root, name)}
    told = _before_returned(text)
    found = dict.fromkeys(listed, "") or _named(told, ours)
    failed = not is_delay(subject, told)
    return [
        report
        for address, reason in list(found.items())[:_MOST]
        if (report := _report(address, reason or told, original, failed=failed))
    ]


def _before_returned(text: str) -> str:
    """Cut where the returned message begins, once an address has been named."""
    kept: list[str] = []
    named = False
    for line in text[:_WINDOW].split("\n"):
        if named and _RETURNED.match(line[:_LONGEST_LINE].lstrip(" \t>|")):
            break
        named = named or "@" in line
        kept.append(line)
    return "\n".join(kept)


def _named(told: str, ours: set[str]) -> dict[str, str]:
    leading: dict[str, str] = {}
    others: dict[str, str] = {}
    for match in _ADDRESS.finditer(told):
        address = match.group().strip("'.").removeprefix("smtp=").casefold()
        if address in ours or _DAEMON.match(address):
            continue
        begin = told.rfind("\n", 0, match.start()) + 1
        before = told[max(begin, match.start() - 80) : match.start()]
        place = leading if _LEADING.match(before) else others
        place.setdefault(address, told[match.end() : match.end() + 400])
    return leading or dict(list(others.items())[:1])


def _report(address: str, reason: str, original: str, *, failed: bool) -> DeliveryReport | None:
    try:
        recipient = canonical_address(address)
    except ValueError:
        return None
    status = _STATUS.search(reason)
    return DeliveryReport(
        recipient=recipient,
        status=status[1] if status else "",
        diagnostic=one_line(reason.strip(" >:)]\t\r\n.;-"), 300),
        failed=failed,
        original_message_id=original,
    )
