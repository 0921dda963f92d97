"""The headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, request

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""For our own pages: nothing inline, nothing evaluated, nothing from elsewhere."""

FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For files that strangers sent: even when opened as a page they can do nothing."""

_EVERYWHERE = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # What is said to customers and about them is not for disks and proxies; static files and
    # attachments set their own.
    "Cache-Control": "no-store",
}
_YEAR = 365 * 24 * 60 * 60


def frame_policy(*, remote_images: bool) -> str:
    """Return the policy of a mail's own frame (no script at all, nothing fetched without consent).

    Style attributes are a mail's own; images come from itself, from us, or after consent from
    anywhere.
    """
    images = "'self' data: https: http:" if remote_images else "'self' data:"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {images};"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
        " allow-popups allow-popups-to-escape-sandbox"
    )


def add_headers(app: Flask, *, https: bool) -> None:
    """Put the headers on every answer of `app`, also on errors; a view may set its own before."""

    @app.after_request
    def set_headers(response: Response) -> Response:
        for name, value in _EVERYWHERE.items():
            response.headers.setdefault(name, value)
        if https and request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        return response
