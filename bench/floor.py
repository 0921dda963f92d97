"""The floor of every page benchmark: the least that a page of this kind can cost.

A bare Flask application with a page that says hello and a page of 50 rows, which Jinja makes from a
keyset query over 10,000 tickets in SQLite. `PLUGDESK_FLOOR` names the database; it is made if it
is not there. Run by any WSGI server as `floor:app` with this folder as its working folder.
"""

import os
import sqlite3
import threading
from pathlib import Path

from flask import Flask, render_template_string

TICKETS = 10_000
ROWS = 50

QUERY = """
SELECT id, subject, person, status, changed FROM ticket
WHERE status = 'open' AND (changed, id) < (?, ?) ORDER BY changed DESC, id DESC LIMIT ?
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inbox</title></head><body>
<table>{% for row in rows %}
<tr id="ticket-{{ row.id }}"><td><a href="/tickets/{{ row.id }}">{{ row.subject }}</a></td>
<td>{{ row.person }}</td><td>{{ row.status }}</td><td>{{ row.changed }}</td></tr>{% endfor %}
</table></body></html>
"""

app = Flask(__name__)
_local = threading.local()


def fill(path: Path) -> None:
    """Make the database, unless it is there; each file is complete or absent."""
    if path.exists():
        return
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    database = sqlite3.connect(draft)
    database.executescript(
        "CREATE TABLE ticket (id INTEGER PRIMARY KEY, subject TEXT, person TEXT, status TEXT,"
        " changed INTEGER); CREATE INDEX by_change ON ticket (status, changed, id);"
    )
    rows = ((n, f"Question {n}", f"Customer {n % 997}", "open", 10**9 + n) for n in range(TICKETS))
    database.executemany("INSERT INTO ticket VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    draft.rename(path)


def database() -> sqlite3.Connection:
    """Return this thread's connection."""
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(os.environ["PLUGDESK_FLOOR"])
        _local.connection.row_factory = sqlite3.Row
    connection: sqlite3.Connection = _local.connection
    return connection


@app.get("/hello")
def hello() -> str:
    """Say hello: what the server and Flask cost alone."""
    return "Hello"


@app.get("/rows")
def rows() -> str:
    """Show the first page of an inbox."""
    found = database().execute(QUERY, (2 * 10**9, 0, ROWS)).fetchall()
    return render_template_string(PAGE, rows=found)
