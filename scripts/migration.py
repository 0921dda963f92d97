"""Write a migration from the difference between the models and the migrations so far.

    .venv/bin/python scripts/migration.py "Remember the colour of a tag"    the next script
    .venv/bin/python scripts/migration.py --initial                         0001 anew

`--initial` is for the time before the first release alone. Read what was written: renamed columns
look like a dropped and a new one, and rows that need moving are not moved by themselves.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations import ops
from plugdesk.db import Base, Database, migrate
from plugdesk.db import models as _models  # noqa: F401 - fills Base.metadata
from plugdesk.db.base import UtcDateTime

VERSIONS = migrate.CORE.folder / "versions"
HEADER = '''"""{message}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None
'''
DROP_TABLES = """\
    for table in reversed(TABLES):
        op.drop_table(table)"""


def main() -> None:
    """Write the script that was asked for and lay it out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("message", nargs="?", help="what changes, as a sentence without full stop")
    parser.add_argument("--initial", action="store_true", help="write 0001 anew")
    arguments = parser.parse_args()
    if arguments.initial:
        path = VERSIONS / "0001_first_tables.py"
        path.unlink(missing_ok=True)
        code = initial(differences(batch=False))
    elif arguments.message:
        path = new_path(arguments.message)
        code = following(differences(batch=True), arguments.message, path.stem[:4])
    else:
        parser.error("say what changes")
    path.write_text(code, encoding="utf-8")
    lay_out(path)
    print(f"Wrote {path}. Read it before you commit it.")


def lay_out(path: Path) -> None:
    """Format the script; conditions of the database that fill a line are let stand."""
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", path], check=True)
    lines = path.read_text("utf-8").splitlines()
    marked = [f"{line}  # noqa: E501" if len(line) > 100 else line for line in lines]
    path.write_text("\n".join(marked) + "\n", encoding="utf-8")


def differences(*, batch: bool) -> ops.MigrationScript:
    """Compare the models with a database on which every migration has run.

    `batch` writes changes so that SQLite can make them, by replacing the table; new tables need
    no such thing.
    """
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/migration.db")
        migrate.upgrade(db)
        with db.reader.connect() as connection:
            options = {"version_table": migrate.CORE.version_table, "render_as_batch": batch}
            context = MigrationContext.configure(connection, opts=options)
            found = produce_migrations(context, Base.metadata)
        db.close()
    return found


def initial(found: ops.MigrationScript) -> str:
    """Render one function per table, so that each can be read at a glance."""
    assert found.upgrade_ops is not None
    tables: dict[str, list[ops.MigrateOperation]] = {}
    for operation in found.upgrade_ops.ops:
        assert isinstance(operation, ops.CreateTableOp | ops.ModifyTableOps)
        tables.setdefault(operation.table_name, []).append(operation)
    parts = [HEADER.format(message="The first tables", revision="0001", down=None)]
    calls = "\n".join(f"    _{table}()" for table in tables)
    parts.append(f"def upgrade() -> None:\n{calls}\n")
    names = "".join(f'    "{table}",\n' for table in tables)
    parts.append(f"TABLES = (\n{names})\n")
    parts.append(f"def downgrade() -> None:\n{DROP_TABLES}\n")
    parts += [f"def _{table}() -> None:\n{body(part)}\n" for table, part in tables.items()]
    return "\n\n".join(parts)


def following(found: ops.MigrationScript, message: str, revision: str) -> str:
    """Render the difference as it is, up and down."""
    assert found.upgrade_ops is not None
    assert found.downgrade_ops is not None
    if not found.upgrade_ops.ops:
        sys.exit("The migrations match the models: there is nothing to write.")
    down = f'"{int(revision) - 1:04}"'
    return "\n\n".join(
        (
            HEADER.format(message=message, revision=revision, down=down),
            f"def upgrade() -> None:\n{body(found.upgrade_ops.ops)}\n",
            f"def downgrade() -> None:\n{body(found.downgrade_ops.ops)}\n",
        )
    )


def body(operations: list[ops.MigrateOperation]) -> str:
    """Render operations as the lines of a function."""
    code = render_python_code(ops.UpgradeOps(operations), render_item=plain_type)
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###"))


def plain_type(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column type as what it is in the database; scripts outlive our classes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def new_path(message: str) -> Path:
    """Return the next number and a file name made from the message."""
    number = max(int(path.stem[:4]) for path in VERSIONS.glob("[0-9]*.py")) + 1
    words = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    return VERSIONS / f"{number:04}_{words[:40]}.py"


if __name__ == "__main__":
    main()
