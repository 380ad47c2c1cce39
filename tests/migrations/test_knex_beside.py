"""Knex and we, in one database: either runs the next file, and each says that all is applied."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.migrations.beside import WAITS, Beside, held_up
from tests.migrations.conftest import Course
from tests.migrations.drafts import batch, draft, hostile_draft, rebuilding_drafts, write_all
from tests.migrations.hostile import HOSTILE
from tests.migrations.knex_project import KnexProject, knex_project
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool as ToolName
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.migrations.formats.knex.history import OURS
from dbdeed.migrations.runner import down, up


class Pair(Beside):
    def __init__(self, course: Course, theirs: KnexProject) -> None:
        super().__init__(course, theirs.environment)
        self.theirs = theirs

    def batches(self) -> list[int]:
        return [row[0] for row in self.session.fetch("SELECT batch FROM knex_migrations ORDER BY id")]

    def lock(self) -> list[int]:
        return [row[0] for row in self.session.fetch("SELECT is_locked FROM knex_migrations_lock")]


@pytest.fixture
def pair(beside: Place, courses: Callable[..., Course], tmp_path: Path) -> Pair:
    course = courses(beside, ToolName.KNEX)
    return Pair(course, knex_project(tmp_path, course.target))


def test_either_runs_the_next_file(pair: Pair) -> None:
    pair.write(0, 2)
    pair.theirs.ask("migrate:latest")
    assert pair.standing() == ["applied"] * 2
    pair.write(2, 2)
    assert pair.up() == ["add table t2", "add table t3"]
    assert pair.theirs.all_done(4)
    assert pair.batches() == [1, 1, 2, 2]
    assert pair.down() == ["add table t3"]
    pair.theirs.ask("migrate:down")
    assert pair.standing() == ["applied", "applied", "pending", "pending"]
    pair.theirs.ask("migrate:up")
    assert pair.up() == ["add table t3"]
    assert pair.theirs.all_done(4)
    assert pair.standing() == ["applied"] * 4
    assert pair.count("t3") == 1
    pair.theirs.ask("migrate:rollback", "--all")
    assert pair.standing() == ["pending"] * 4
    assert len(pair.up()) == 4
    assert pair.theirs.all_done(4)
    assert "4 migrations" in pair.theirs.ask("migrate:rollback")
    assert pair.lock() == [0]


def test_our_tables_are_theirs(pair: Pair, courses: Callable[..., Course]) -> None:
    pair.theirs.ask("migrate:list")
    place, ours = pair.course.place, courses(pair.course.place, ToolName.KNEX)
    assert not ours.desk.history.exists(ours.session)
    ours.desk.history.create(ours.session)
    assert place.engine.inspect(ours.session).objects == place.engine.inspect(pair.session).objects
    rows = "SELECT is_locked FROM knex_migrations_lock"
    assert ours.session.fetch(rows) == pair.session.fetch(rows)


def test_their_lock_keeps_us_out(pair: Pair) -> None:
    pair.write(0, 1)
    pair.theirs.ask("migrate:list")
    pair.session.execute("UPDATE knex_migrations_lock SET is_locked = 1")
    with pytest.raises(Unavailable, match="knex_migrations_lock is taken"):
        pair.up()
    assert pair.lock() == [1]
    pair.theirs.ask("migrate:unlock")
    pair.session.execute("DELETE FROM knex_migrations_lock")
    assert pair.up() == ["add table t0"]
    assert pair.lock() == [0]


def test_our_lock_keeps_them_out(pair: Pair) -> None:
    pair.write(0, 1)
    history = pair.course.desk.history
    history.create(pair.session)
    with history.locked(pair.session):
        assert pair.lock() == [OURS]
        assert "already locked" in pair.theirs.refuses("migrate:latest")
    pair.theirs.ask("migrate:latest")
    assert pair.theirs.all_done(1)


@pytest.mark.parametrize("beside", ["postgresql-15"], indirect=True)
def test_a_running_transaction_of_theirs_keeps_us_out(pair: Pair) -> None:
    pair.write(0, 1)
    slow = pair.course.write("20261223000000_slow.js", (
        f"exports.up = (knex) => knex.raw('{WAITS}');\nexports.down = () => Promise.resolve();\n"
    ))  # fmt: skip
    with pair.theirs.begin("migrate:latest") as process:
        with held_up(pair.course) as until_there:
            until_there()
            with pytest.raises(
                Unavailable, match=r"Knex is running migrations in this database: .* since 20"
            ):
                pair.up()
        process.communicate(timeout=60)
    slow.unlink()


HOLD = """
import sys, time
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target
from dbdeed.migrations.formats.knex.history import KnexHistory
from dbdeed.migrations.formats.knex.settings import Settings
from pathlib import Path
engine = engine_for(System[sys.argv[1]])
session = engine.connect(Target(sys.stdin.readline().strip(), "live"))
history = KnexHistory(engine, Settings(Path("migrations")))
with engine.exclusive(session), history.locked(session):
    print("held", flush=True)
    time.sleep(60)
"""


def test_only_our_own_stale_lock_is_cleared(pair: Pair) -> None:
    pair.write(0, 1)
    pair.course.desk.history.create(pair.session)
    system = "POSTGRESQL" if pair.course.place.is_postgresql else "SQLITE"
    command = [sys.executable, "-c", HOLD, system]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]
        process.stdin.write(pair.course.target.url + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
    assert pair.lock() == [OURS]
    assert pair.up() == ["add table t0"]
    assert pair.lock() == [0]


HAND = """
exports.up = async (knex) => {
  if (process.env.SHOP_SECRET !== "s3cret") throw new Error("no secret");
  await knex.schema.createTable("hand", (table) => table.increments());
  await knex("hand").insert([{ id: 1 }, { id: 2 }]);
};
exports.down = (knex) => knex.schema.dropTable("hand");
"""


def test_a_hand_written_file_is_run_by_knex(pair: Pair) -> None:
    pair.write(0, 1)
    pair.course.write("20261125000000_by_hand.js", HAND)
    pair.write(5, 1)
    with pytest.raises(Unavailable, match=r"Knex could not run 20261125000000_by_hand\.js: no secret"):
        pair.up()
    assert pair.standing() == ["applied", "pending", "pending"]
    pair.theirs.environment["SHOP_SECRET"] = "s3cret"
    assert pair.up() == ["by hand", "add table t5"]
    assert pair.theirs.all_done(3)
    assert pair.count("hand") == 2
    assert pair.down(2) == ["add table t5", "by hand"]
    assert pair.standing() == ["applied", "pending", "pending"]
    assert pair.lock() == [0]


@pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
def test_files_of_every_language(beside: Place, courses: Callable[..., Course], tmp_path: Path) -> None:
    course = courses(beside, ToolName.KNEX)
    pair = Pair(course, knex_project(tmp_path, course.target, kind="module"))
    pair.write(0, 1)
    (tmp_path / "knexfile.js").unlink()
    client = "pg" if beside.is_postgresql else "better-sqlite3"
    connection = "{}" if beside.is_postgresql else "{ filename: process.env.SHOP_FILE }"
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    (tmp_path / "db").mkdir()
    (tmp_path / "knexfile.ts").write_text(
        f"import type {{ Knex }} from 'knex';\nconst config: Knex.Config = {{ client: '{client}', "
        f"connection: {connection}, useNullAsDefault: true,\n"
        "  migrations: { directory: './db/files', tableName: 'shop_migrations' } };\nexport default config;\n"
    )
    assert (tmp_path / "migrations").rename(tmp_path / "db" / "files").is_dir()
    one = next((tmp_path / "db" / "files").iterdir())
    assert one.read_text().count("export async function") == 2
    one.rename(one.with_suffix(".ts"))
    one.with_suffix(".ts").write_text(
        one.with_suffix(".ts").read_text().replace("\nexport", '\nimport type { Knex } from "knex";\n\nexport', 1)
        .replace("(knex)", "(knex: Knex): Promise<void>")
    )  # fmt: skip
    pair.write(1, 1)
    names = sorted(path.name for path in (tmp_path / "db" / "files").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["ts", "ts"]
    assert pair.up() == ["add table t0", "add table t1"]
    assert pair.theirs.all_done(2)
    assert pair.count("shop_migrations") == 2
    pair.theirs.ask("migrate:rollback")
    pair.theirs.ask("migrate:latest")
    assert pair.standing() == ["applied"] * 2


@pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
def test_a_rebuilt_table_keeps_its_children(pair: Pair) -> None:
    """Knex's driver for SQLite enforces foreign keys, and a dropped table takes what refers to it."""
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, rebuilding_drafts())
    pair.theirs.ask("migrate:latest")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.down() == ["name not null"]
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.up() == ["name not null"]
    pair.theirs.ask("migrate:down")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)


def test_hostile_texts_and_secrets_reach_the_database(pair: Pair) -> None:
    texts = [one for one in (*HOSTILE, "".join(HOSTILE)) if "\x00" not in one]
    texts.append("".join(texts))
    secret = "a'b?c\\?:d${e}`$1"
    keep = draft(
        "keep a secret", [batch("CREATE TABLE kept AS SELECT '<${SECRET}>' AS a")], [batch("DROP TABLE kept")],
        number=1, environment=["SECRET"],
    )  # fmt: skip
    engine, place = pair.course.place.engine, pair.course
    write_all(engine, place.format, place.root, [hostile_draft(texts), keep])
    pair.environment["SECRET"] = secret
    pair.theirs.ask("migrate:latest")
    assert [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")] == texts
    assert pair.session.fetch("SELECT a FROM kept") == [(f"<{secret}>",)]
    with pytest.raises(InvalidInput, match="needs SECRET"):
        pair.down(2)
    desk = replace(place.desk, environment={"SECRET": secret})
    down(desk, place.files, place.place.scratch, count=2)
    up(desk, place.files, place.place.scratch)
    assert [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")] == texts
    assert pair.session.fetch("SELECT a FROM kept") == [(f"<{secret}>",)]
    assert pair.theirs.all_done(2)


@pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
def test_hooks_of_a_knexfile_are_called(pair: Pair, tmp_path: Path) -> None:
    pair.write(0, 1)
    (tmp_path / "knexfile.js").write_text(
        "module.exports = { client: 'better-sqlite3', useNullAsDefault: true,"
        " connection: { filename: process.env.SHOP_FILE }, migrations: {"
        " beforeEach: (knex, [one]) => knex.raw('CREATE TABLE hooked AS SELECT 1 AS a') } };\n"
    )
    assert [one.needs for one in pair.course.files.migrations] == ["knex"]
    assert pair.up() == ["add table t0"]
    assert (pair.count("hooked"), pair.count("t0")) == (1, 1)
    assert pair.theirs.all_done(1)
