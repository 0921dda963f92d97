"""Imports every table of the core, for the migrations and for mappers that name each other."""

from plugdesk.accounts import models as accounts
from plugdesk.events import models as events
from plugdesk.intake import models as intake
from plugdesk.jobs import models as jobs
from plugdesk.outbox import models as outbox
from plugdesk.people import models as people
from plugdesk.plugins import models as plugins
from plugdesk.settings import models as settings
from plugdesk.tickets import models as tickets

__all__ = [
    "accounts",
    "events",
    "intake",
    "jobs",
    "outbox",
    "people",
    "plugins",
    "settings",
    "tickets",
]
