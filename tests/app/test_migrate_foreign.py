"""A project of another tool with files by hand that only the tool can run: Alembic's, in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.app.test_migrate import DOCUMENT, YES
from tests.migrations.alembic_project import alembic_project

from dbdeed.app.migrate import migrate_up, status
from dbdeed.app.migrate_baseline import migrate_baseline
from dbdeed.app.migrate_new import migrate_new
from dbdeed.app.migrate_rebase import migrate_rebase
from dbdeed.app.migrate_test import migrate_test
from dbdeed.app.migrate_verify import migrate_verify
from dbdeed.app.plan import plan
from dbdeed.engines.seam import Target

LAMPS = "CREATE TABLE lamps (id INTEGER NOT NULL, note VARCHAR(20), PRIMARY KEY (id));"
MORE = "CREATE TABLE lamps (id INTEGER NOT NULL, note VARCHAR(20), watts INTEGER, PRIMARY KEY (id));"
FIRST = '''"""lamps"""
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table("lamps", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade():
    op.drop_table("lamps")
'''
SECOND = '''"""notes"""
import sqlalchemy as sa
from alembic import op

revision = "a2"
down_revision = "a1"


def upgrade():
    op.add_column("lamps", sa.Column("note", sa.String(20)))


def downgrade():
    op.drop_column("lamps", "note")
'''


class Shop:
    """A document, Alembic's project beside it, and its SQLite database."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.target = Target(f"sqlite:///{root}/live.db", "live")
        self.theirs = alembic_project(root, self.target)
        self.environment = {"LAMPS_URL": self.target.url, "PATH": ""}
        (root / "db" / "versions" / "a1_lamps.py").write_text(FIRST)
        (root / "db" / "versions" / "a2_notes.py").write_text(SECOND)
        self.describe(LAMPS)

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    def describe(self, sql: str) -> None:
        text = DOCUMENT.format(sql=sql, strategy="Manual, maintenance window")
        self.document.write_text(text.replace("**Tool**: dbdeed", "**Tool**: Alembic"), encoding="utf-8")

    def standing(self) -> list[str]:
        return [str(one.standing) for one in status(self.document, environment=self.environment).lines]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_the_files_of_a_project_lead_to_its_document(shop: Shop) -> None:
    result = migrate_verify(shop.document, environment={"PATH": ""})
    assert result.differences == ()
    assert len(result.problems) == 1  # it has no dbdeed.sum yet


@pytest.mark.slow
def test_each_of_its_files_is_tried(shop: Shop) -> None:
    tried = migrate_test(shop.document, environment={"PATH": ""})
    assert [(one.problem, one.back) for one in tried] == [("", True), ("", True)]


def test_a_project_is_adopted_by_one_command_and_goes_on_with_either(shop: Shop) -> None:
    shop.theirs.ask("upgrade", "head")
    before = {path: path.read_bytes() for path in (shop.root / "db").rglob("*.py")}
    result = migrate_baseline(shop.document, consent=YES, environment=shop.environment)
    assert (result.differences, result.recorded, result.known) == ((), (), 2)
    assert result.sum is not None
    assert {path: path.read_bytes() for path in (shop.root / "db").rglob("*.py")} == before
    assert migrate_verify(shop.document, environment=shop.environment).ok
    shop.describe(MORE)
    (path,) = migrate_new(shop.document, "watts", environment=shop.environment).paths
    assert path.suffix == ".py"
    assert shop.standing() == ["applied", "applied", "pending"]
    done = migrate_up(shop.document, consent=YES, environment=shop.environment).done
    assert [one.description for one in done] == ["watts"]
    assert shop.theirs.all_done()
    assert migrate_verify(shop.document, environment=shop.environment).ok


@pytest.mark.slow
def test_two_heads_are_put_in_one_order(shop: Shop) -> None:
    theirs = (
        SECOND.replace('"a2"', '"a3"', 1)
        .replace('"note"', '"watts"')
        .replace("sa.String(20)", "sa.Integer()")
    )
    (shop.root / "db" / "versions" / "a3_watts.py").write_text(theirs)
    shop.describe(MORE)
    result = migrate_rebase(shop.document, ["a3_watts.py"], environment=shop.environment)
    assert result.moved == (("a3_watts.py", "a3_watts.py"),)
    assert result.differences == ()
    shop.theirs.ask("upgrade", "head")
    assert shop.theirs.all_done()


def test_a_database_without_a_history_gets_one(shop: Shop) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(shop.root / "live.db")) as connection:
        connection.execute(LAMPS)
    result = migrate_baseline(shop.document, consent=YES, environment=shop.environment)
    assert result.differences == ()
    assert len(result.recorded) == 2
    assert shop.theirs.all_done()


def test_the_tools_own_table_is_no_part_of_the_schema(shop: Shop) -> None:
    shop.theirs.ask("upgrade", "head")
    assert plan(shop.document, environment=shop.environment).plan.empty
    shop.describe(MORE)
    more = plan(shop.document, environment=shop.environment).plan
    assert more.differences
    assert not [one for one in more.differences if "version" in str(one.object)]
    assert shop.theirs.all_done()
