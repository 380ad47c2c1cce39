"""Files that only their tool can run, in a scratch of PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from tests.migrations.alembic_project import alembic_project
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.engines.seam import Target
from dbdeed.migrations.registry import format_for
from dbdeed.migrations.replay import Carrier, state_of
from dbdeed.migrations.runner import read_files

FIRST = '''"""lamps"""
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    for name in ("lamps", "bulbs"):
        op.execute(f"CREATE TABLE {name} (id integer PRIMARY KEY)")


def downgrade():
    op.drop_table("lamps")
'''


def test_files_of_code_are_replayed(postgresql: Place, tmp_path: Path) -> None:
    alembic_project(tmp_path, Target("sqlite:///nowhere.db", ""))
    (tmp_path / "db" / "versions" / "a1_lamps.py").write_text(FIRST)
    files = read_files(postgresql.engine, format_for(Tool.ALEMBIC), tmp_path)
    chosen = files.format
    carrier = Carrier(
        chosen.history(postgresql.engine, files.layout), chosen.process(files.layout, {"PATH": ""})
    )
    found = state_of(postgresql.engine, postgresql.scratch, files.migrations, carrier=carrier)
    assert sorted(one.name[-1] for one in found.objects if one.kind == "table") == ["bulbs", "lamps"]
