"""What the fixed values of the desk are called on pages."""

from __future__ import annotations

from plugdesk.i18n import lazy_gettext

STATUSES = {
    "open": lazy_gettext("Open"),
    "pending": lazy_gettext("Pending"),
    "resolved": lazy_gettext("Resolved"),
    "closed": lazy_gettext("Closed"),
}
PRIORITIES = {
    "low": lazy_gettext("Low"),
    "normal": lazy_gettext("Normal"),
    "high": lazy_gettext("High"),
    "urgent": lazy_gettext("Urgent"),
}
PLACES = {
    "inbox": lazy_gettext("Inbox"),
    "spam": lazy_gettext("Spam"),
    "trash": lazy_gettext("Trash"),
}
FOLDERS = {
    "unassigned": lazy_gettext("Unassigned"),
    "mine": lazy_gettext("Mine"),
    "open": lazy_gettext("All open"),
    "pending": lazy_gettext("Pending"),
    "resolved": lazy_gettext("Resolved"),
    "closed": lazy_gettext("Closed"),
    "spam": lazy_gettext("Spam"),
    "trash": lazy_gettext("Trash"),
}
ROLES = {
    "owner": lazy_gettext("Owner"),
    "lead": lazy_gettext("Lead"),
    "agent": lazy_gettext("Agent"),
    "observer": lazy_gettext("Observer"),
}
THEMES = {
    "system": lazy_gettext("Like my device"),
    "light": lazy_gettext("Light"),
    "dark": lazy_gettext("Dark"),
}
AUTOMATIC = {
    "auto_reply": lazy_gettext("Automatic answer"),
    "bounce": lazy_gettext("Delivery report"),
    "list": lazy_gettext("Mailing list"),
}
ACCOUNT_STATES = {
    "active": lazy_gettext("Connected"),
    "paused": lazy_gettext("Paused"),
    "signed_out": lazy_gettext("Signed out"),
}
