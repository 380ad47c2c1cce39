"""Projects of Knex.js, Alembic and dbmate: adopted with files by hand, gone on with, ordered after a merge."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.app.test_migrate import DOCUMENT, YES
from tests.migrations.alembic_project import AlembicProject, alembic_project
from tests.migrations.dbmate_project import DbmateProject, dbmate_project
from tests.migrations.knex_project import KnexProject, knex_project

from dbdeed.app.migrate import migrate_down, migrate_up, status
from dbdeed.app.migrate_baseline import migrate_baseline
from dbdeed.app.migrate_new import migrate_new
from dbdeed.app.migrate_rebase import migrate_rebase
from dbdeed.app.migrate_verify import migrate_verify
from dbdeed.document.values.types import Tool
from dbdeed.engines.seam import Target
from dbdeed.errors import Refused

ONE = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT);"
OURS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, watts INTEGER);"
THEIRS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, color TEXT);"
BOTH = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, color TEXT, watts INTEGER);"
PROJECTS: dict[Tool, Callable[[Path, Target], KnexProject | AlembicProject | DbmateProject]] = {
    Tool.KNEX: knex_project,
    Tool.ALEMBIC: alembic_project,
    Tool.DBMATE: dbmate_project,
}


class Shop:
    """A document, another tool's project beside it, and its SQLite database."""

    def __init__(self, root: Path, tool: Tool) -> None:
        self.root, self.tool = root, tool
        self.target = Target(f"sqlite:///{root}/live.db", "live")
        self.theirs = PROJECTS[tool](root, self.target)
        self.environment = {"LAMPS_URL": self.target.url, "PATH": os.environ["PATH"]}

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    def describe(self, sql: str) -> None:
        text = DOCUMENT.format(sql=sql, strategy="Manual, maintenance window")
        self.document.write_text(text.replace("**Tool**: dbdeed", f"**Tool**: {self.tool}"), encoding="utf-8")

    def new(self, sql: str, words: str, month: int) -> Path:
        self.describe(sql)
        now = datetime(2026, month, 1, tzinfo=UTC)
        (path,) = migrate_new(self.document, words, environment=self.environment, now=now).paths
        return self.root / path

    def up(self) -> list[str]:
        return [
            one.description
            for one in migrate_up(self.document, consent=YES, environment=self.environment).done
        ]

    def standing(self) -> list[str]:
        return [str(one.standing) for one in status(self.document, environment=self.environment).lines]

    def all_done(self, count: int) -> bool:
        return (
            self.theirs.all_done() if isinstance(self.theirs, AlembicProject) else self.theirs.all_done(count)
        )


@pytest.fixture(params=list(PROJECTS), ids=str)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return Shop(tmp_path, request.param)


def test_what_two_branches_added_is_put_in_order(shop: Shop) -> None:
    sum_file = shop.new(ONE, "one", 1).with_name("dbdeed.sum")
    sums = sum_file.read_bytes()
    ours = shop.new(OURS, "ours", 2)
    text = ours.read_bytes()
    ours.unlink()
    sum_file.write_bytes(sums)
    shop.new(THEIRS, "theirs", 3)
    ours.write_bytes(text)
    shop.describe(BOTH)
    result = migrate_rebase(
        shop.document, [ours.name], environment=shop.environment, now=datetime(2026, 6, 1, tzinfo=UTC)
    )
    assert result.differences == ()
    assert [old for old, _ in result.moved] == [ours.name]
    assert migrate_verify(shop.document, environment=shop.environment).ok
    assert shop.up() == ["one", "theirs", "ours"]
    assert shop.all_done(3)
    again = migrate_rebase(shop.document, [result.moved[0][1]], environment=shop.environment)
    assert again.moved == ()


KNEX_BY_HAND = """
exports.up = (knex) => knex.schema.createTable("lamps", (table) => {
  table.integer("id").primary();
  table.text("note");
});
exports.down = (knex) => knex.schema.dropTable("lamps");
"""


def test_a_project_of_knex_is_adopted_and_gone_on_with(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Tool.KNEX)
    shop.describe("CREATE TABLE lamps (id integer, note text, primary key (id));")
    path = tmp_path / "migrations" / "20260101000000_by_hand.js"
    path.write_text(KNEX_BY_HAND)
    shop.theirs.ask("migrate:latest")
    result = migrate_baseline(shop.document, consent=YES, environment=shop.environment)
    assert (result.differences, result.known) == ((), 1)
    assert path.read_text() == KNEX_BY_HAND
    shop.new("CREATE TABLE lamps (id integer, note text, watts integer, primary key (id));", "watts", 2)
    assert shop.standing() == ["applied", "pending"]
    assert shop.up() == ["watts"]
    assert shop.all_done(2)
    migrate_down(shop.document, consent=YES, environment=shop.environment)
    assert shop.standing() == ["applied", "pending"]
    assert migrate_verify(shop.document, environment=shop.environment).ok
    path.write_text(KNEX_BY_HAND.replace("note", "notes"))
    with pytest.raises(Refused, match="was edited after it was applied"):
        shop.up()
