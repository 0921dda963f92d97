"""Write requirements.lock: every distribution that work on Plugdesk needs, pinned by hash.

Usage: python scripts/lock.py [--upgrade]

One lock covers what core and the first-party plugins need at run time, for PostgreSQL, for tests,
for development and for building, on every platform and Python that we support. It names no index:
the hashes decide what may be installed, wherever it comes from. Needs `uv` beside this Python.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
HEADER = """\
# Made by `make lock` from the pyproject.toml files; not edited by hand.
# pip install --require-hashes -r requirements.lock
# pip install --no-deps --no-build-isolation -e . -e plugins/mailbox
"""


def main() -> int:
    """Resolve all requirements again and write the lock; return an exit status."""
    parser = argparse.ArgumentParser(description="Write requirements.lock.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of everything")
    upgrade: bool = parser.parse_args().upgrade
    resolved = resolve(requirements(), upgrade=upgrade)
    LOCK.write_text(HEADER + resolved, encoding="utf-8")
    return 0


def requirements() -> list[str]:
    """Return what the pyproject.toml files ask for, without our own distributions."""
    asked: set[str] = set()
    for path in project_files():
        asked.update(asked_by(tomllib.loads(path.read_text("utf-8"))))
    return sorted(asked)


def project_files() -> list[Path]:
    """Return the pyproject.toml of core and of every first-party plugin."""
    return [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]


def asked_by(project: dict[str, Any]) -> set[str]:
    """Return the requirements in one pyproject.toml: build, run time, extras and groups."""
    lists: list[list[str]] = [project["build-system"]["requires"]]
    lists.append(project["project"].get("dependencies", []))
    lists.extend(project["project"].get("optional-dependencies", {}).values())
    lists.extend(project.get("dependency-groups", {}).values())
    return {line for lines in lists for line in lines if not is_ours(line)}


def is_ours(requirement: str) -> bool:
    """Say whether a requirement names a distribution of this repository."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return name == "plugdesk" or name.startswith("plugdesk-")


def resolve(asked: list[str], *, upgrade: bool) -> str:
    """Return the pinned lines for `asked`; keep today's pins unless `upgrade`."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", "--no-config", "--quiet"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--output-file", str(LOCK)]
    if upgrade:
        command.append("--upgrade")
    # Places of this machine's own must not decide which files the lock names.
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_"))}
    subprocess.run(
        command,
        input="\n".join(asked),
        text=True,
        stdout=subprocess.DEVNULL,
        env=keep,
        cwd=ROOT,
        check=True,
    )
    return LOCK.read_text("utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
