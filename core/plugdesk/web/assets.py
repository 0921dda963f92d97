"""Static files under an address that changes with their content, so browsers keep them for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, send_from_directory, url_for

FOLDER = Path(__file__).parent.parent / "static"
_YEAR = 365 * 24 * 60 * 60
_DIGEST_LENGTH = 16


def release_of(folder: Path) -> str:
    """Return a digest over all files of a folder.

    One digest for all, so that files which name each other relatively stay together.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def serve_assets(app: Flask) -> None:
    """Serve the static folder and give templates `asset('css/desk.css')`."""
    release = app.config["ASSETS_RELEASE"] = release_of(FOLDER)
    pages = Blueprint("assets", __name__)

    @pages.get("/static/<wanted>/<path:name>")
    def file(wanted: str, name: str) -> Response:
        response = send_from_directory(FOLDER, name, max_age=_YEAR)
        if wanted == release:
            response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        else:
            # A page from before an upgrade gets today's file, but must not keep it as its own.
            response.headers["Cache-Control"] = "no-cache"
        return response

    app.register_blueprint(pages)
    app.add_template_global(asset, "asset")


def asset(name: str) -> str:
    """Return the present address of a static file."""
    return url_for("assets.file", wanted=current_app.config["ASSETS_RELEASE"], name=name)
