"""All pages of the owner. Importing the modules registers their addresses."""

from plugdesk.admin import account_form, accounts, people, plugins, quarantine, teams
from plugdesk.admin.blueprint import pages

__all__ = ["account_form", "accounts", "blueprints", "people", "plugins", "quarantine", "teams"]

blueprints = (pages,)
