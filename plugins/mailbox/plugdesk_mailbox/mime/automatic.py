"""Whether a machine wrote a message (RFC 3834), so that no machine answers it.

Header fields decide. A subject alone ("Out of office") is a hint that counts only when a field
that machines set stands beside it, or when it is one of the exact phrases of mail servers.
"""

from __future__ import annotations

import re

from plugdesk.plugin import Automatic

from plugdesk_mailbox.mime.tree import Part

_PRECEDENCE = frozenset({"bulk", "junk", "auto_reply", "auto-reply", "autoreply"})
_FLAGS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-cron-env",
)
_SUPPRESSED = frozenset({"all", "oof", "autoreply"})
_LIST = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-archive")
_SERVER_PHRASE = re.compile(
    r"\s*(?:out of (?:the )?office|automatic reply|auto(?:matic)?[ -]?(?:reply|response)|autoreply|"
    r"automatische antwort|abwesenheitsnotiz|réponse automatique|respuesta automática|"
    r"risposta automatica|resposta automática|automatisch antwoord|자동 회신|부재중|自動応答|"
    r"自動返信|不在通知|自动回复|自動回覆)\b",
    re.IGNORECASE,
)


def automatic(root: Part, subject: str, *, bounce: bool) -> Automatic:
    """Return what kind of machine, if any, wrote the message."""
    if bounce:
        return Automatic.BOUNCE
    if _answers_by_itself(root) or _SERVER_PHRASE.match(subject):
        return Automatic.AUTO_REPLY
    precedence = _word(root, "precedence")
    if precedence == "list" or any(root.first(name) for name in _LIST):
        return Automatic.LIST
    if precedence in _PRECEDENCE or _null_return_path(root):
        return Automatic.AUTO_REPLY
    return Automatic.NO


def _answers_by_itself(root: Part) -> bool:
    submitted = _word(root, "auto-submitted")
    if submitted in ("auto-replied", "auto-generated", "auto-notified"):
        return True
    if any(root.first(name).strip().lower() not in ("", "no", "none") for name in _FLAGS):
        return True
    suppressed = root.first("x-auto-response-suppress").lower().replace(",", " ").split()
    return any(word in _SUPPRESSED for word in suppressed)


def _word(root: Part, name: str) -> str:
    words = root.first(name).lower().replace(";", " ").replace("(", " ").split()
    return words[0] if words else ""


def _null_return_path(root: Part) -> bool:
    return root.first("return-path").strip() == "<>"
