"""A process that serves a site, as far as plugins see it: it answers what it knows at each look."""

from __future__ import annotations

import json
import sys
from importlib.metadata import distributions
from pathlib import Path

from plugdesk.config import SiteConfig
from plugdesk.site import Site

folder, database, shelf = sys.argv[1:]
sys.path.insert(0, shelf)
config = SiteConfig(folder=Path(folder), database=database)
with Site(config, distributions=distributions(path=[shelf])) as site:
    for _line in sys.stdin:
        with site.db.read() as session:
            site.plugins.refresh(session)
        held = [
            f"{state.name}.{hold.hook}"
            for state in site.plugins.states()
            for hold in state.held_hooks
        ]
        answer = {
            "enabled": sorted(site.plugins.enabled()),
            "links": [item.label for _plugin, item in site.hooks.ask("navigation")],
            "held": held,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
