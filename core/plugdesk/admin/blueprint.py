"""The one blueprint on which the owner's modules put their pages."""

from flask import Blueprint

pages = Blueprint("admin", __name__, url_prefix="/admin")
