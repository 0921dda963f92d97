"""The one blueprint on which the desk's modules put their pages."""

from flask import Blueprint

pages = Blueprint("desk", __name__)
