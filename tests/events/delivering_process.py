"""Delivers the events of a database until the event at a position, where it hangs."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from plugdesk.contract.events import Event
from plugdesk.events import delivery
from sites import note_down, open_site, subscribing
from sqlalchemy.orm import Session


def main(folder: str, url: str, position: int) -> None:
    note = note_down("recorder")

    def subscriber(event: Event, session: Session) -> None:
        note(event, session)
        if event.position == position:
            sys.stdout.write("hanging\n")
            sys.stdout.flush()
            time.sleep(600)

    site = open_site(Path(folder), url, [subscribing("recorder", subscriber)])
    delivery.BATCH = 5
    delivery.deliver(site)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
