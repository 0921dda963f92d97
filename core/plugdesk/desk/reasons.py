"""Receipts in plain sentences: why a message is on its ticket."""

from __future__ import annotations

from plugdesk.i18n import gettext, shown
from plugdesk.tickets.models import Message
from plugdesk.tickets.receipts import Receipt


def explain(receipt: Receipt, message: Message) -> list[str]:
    """Return the sentences, the deciding one first."""
    sentences = [_rule(receipt)]
    if not message.sender_certain:
        sentences.append(
            gettext("Its headers contradict each other about the sender, so nobody was recognised.")
        )
    sentences += [shown(defect) for defect in message.defects]
    return sentences


def _rule(receipt: Receipt) -> str:
    evidence = receipt.evidence
    if receipt.rule.startswith("plugin:"):
        plugin = receipt.rule.removeprefix("plugin:")
        return gettext("The plugin %(plugin)s said that it belongs here.", plugin=plugin)
    if receipt.rule == "new_ticket":
        return gettext("It answers nothing that we know, so it began this ticket.")
    if receipt.rule == "reply_reference":
        return gettext(
            "It carries the signed reference of a reply that left from here: %(evidence)s.",
            evidence=evidence,
        )
    if receipt.rule == "message_id":
        return gettext(
            "It names an earlier message of this ticket by its Message-ID: %(evidence)s.",
            evidence=evidence,
        )
    if receipt.rule == "thread_index":
        return gettext(
            "Outlook’s conversation number is that of this ticket: %(evidence)s.", evidence=evidence
        )
    if receipt.rule == "bounce":
        return gettext(
            "It reports about the delivery of a reply from this ticket: %(evidence)s.",
            evidence=evidence,
        )
    if receipt.rule == "moved":
        return gettext("An agent moved it here from ticket %(evidence)s.", evidence=evidence)
    if receipt.rule == "written_here":
        return gettext("It was written here.")
    return gettext("The rule “%(rule)s” placed it here.", rule=receipt.rule)
