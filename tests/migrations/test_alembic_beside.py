"""Alembic and we, in one database: either runs the next file, and each says that all is applied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrations.alembic_project import ENV, AlembicProject, alembic_project
from tests.migrations.beside import Beside
from tests.migrations.conftest import Course
from tests.migrations.drafts import batch, draft, hostile_draft, rebuilding_drafts, table_drafts, write_all
from tests.migrations.hostile import HOSTILE
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations.seam import State


class Pair(Beside):
    def __init__(self, course: Course, theirs: AlembicProject) -> None:
        super().__init__(course, theirs.environment)
        self.theirs = theirs

    def heads(self) -> list[str]:
        return sorted(row[0] for row in self.session.fetch("SELECT version_num FROM alembic_version"))

    def keys(self) -> list[str]:
        return [one.key for one in self.course.files.migrations]


@pytest.fixture
def pair(beside: Place, courses: Callable[..., Course], tmp_path: Path) -> Pair:
    course = courses(beside, Tool.ALEMBIC)
    return Pair(course, alembic_project(tmp_path, course.target))


def test_either_runs_the_next_file(pair: Pair) -> None:
    pair.write(0, 2)
    pair.theirs.ask("upgrade", "head")
    assert pair.standing() == ["applied"] * 2
    pair.write(2, 2)
    assert pair.up() == ["add table t2", "add table t3"]
    assert pair.theirs.all_done()
    assert pair.heads() == pair.keys()[-1:]
    assert pair.down() == ["add table t3"]
    pair.theirs.ask("downgrade", "-1")
    assert pair.standing() == ["applied", "applied", "pending", "pending"]
    pair.theirs.ask("upgrade", "+1")
    assert pair.up() == ["add table t3"]
    assert pair.theirs.all_done()
    assert pair.count("t3") == 1
    pair.theirs.ask("downgrade", "base")
    assert pair.standing() == ["pending"] * 4
    assert len(pair.up()) == 4
    assert pair.theirs.all_done()
    assert len(pair.down(4)) == 4
    assert pair.heads() == []
    pair.theirs.ask("upgrade", "head")
    assert pair.standing() == ["applied"] * 4


def test_our_table_is_theirs(pair: Pair, courses: Callable[..., Course]) -> None:
    pair.write(0, 1)
    pair.theirs.ask("upgrade", "head")
    pair.theirs.ask("downgrade", "base")
    place, ours = pair.course.place, courses(pair.course.place, Tool.ALEMBIC)
    assert not ours.desk.history.exists(ours.session)
    ours.desk.history.create(ours.session)
    assert place.engine.inspect(ours.session).objects == place.engine.inspect(pair.session).objects


def test_two_heads_are_named(pair: Pair) -> None:
    pair.write(0, 1)
    (first,) = pair.course.files.migrations
    engine, layout = pair.course.place.engine, pair.course.files.layout
    for number in (1, 2):
        (one,) = table_drafts(1, number)
        for path, text in pair.course.format.write(engine, layout, [first], one).items():
            path.write_text(text)
    assert "Multiple head revisions" in pair.theirs.refuses("upgrade", "head")
    with pytest.raises(Refused, match="Two branches both added migrations"):
        pair.up()
    with pytest.raises(InvalidInput, match="Two branches both added migrations"):
        pair.write(3, 1)


def test_branches_that_were_merged(pair: Pair) -> None:
    pair.write(0, 1)
    (first,) = pair.course.files.migrations
    engine, layout = pair.course.place.engine, pair.course.files.layout
    for number in (1, 2):
        (one,) = table_drafts(1, number)
        for path, text in pair.course.format.write(engine, layout, [first], one).items():
            path.write_text(text)
    (pair.theirs.root / "db" / "script.py.mako").write_text(
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
        "def upgrade(): pass\ndef downgrade(): pass\n"
    )
    pair.theirs.ask("merge", "heads", "-m", "join")
    assert len(pair.up()) == 4
    assert pair.theirs.all_done()
    join = pair.course.files.migrations[-1]
    pair.theirs.ask("downgrade", first.key)
    assert pair.standing() == ["applied", "pending", "pending", "pending"]
    history = pair.course.desk.history
    for later in pair.course.files.migrations[1:]:
        history.record(pair.session, later, state=State.DONE, seconds=0)
    assert pair.heads() == [join.key]
    history.forget(pair.session, join)
    assert pair.heads() == sorted(one.key for one in pair.course.files.migrations[1:3])
    with pytest.raises(InvalidInput, match="is no head"):
        history.forget(pair.session, first)


_OF_A_BRANCH = """from alembic import op
revision = "{name}"
down_revision = {before!r}
branch_labels = {labels!r}
depends_on = {depends!r}


def upgrade():
    op.execute("CREATE TABLE {name} (id integer)")


def downgrade():
    op.execute("DROP TABLE {name}")
"""


def test_a_branch_that_depends_on_another_by_its_label(pair: Pair) -> None:
    """Taking back where a branch begins takes back nothing of the other one."""
    for name, before, labels, depends in (
        ("core", None, ("base_things",), None),
        ("shop", None, ("shop_things",), "base_things"),
        ("more", "shop", None, None),
    ):
        text = _OF_A_BRANCH.format(name=name, before=before, labels=labels, depends=depends)
        pair.course.write(f"{name}_file.py", text)
    core, shop, more = pair.course.files.migrations
    pair.theirs.ask("upgrade", "heads")
    assert pair.standing() == ["applied"] * 3
    assert pair.heads() == ["more"]
    pair.down()
    assert pair.heads() == ["shop"]
    pair.down()
    assert pair.heads() == ["core"]
    assert pair.standing() == ["applied", "pending", "pending"]
    assert pair.count("core") == 0
    assert len(pair.up()) == 2
    assert pair.heads() == ["more"]
    history = pair.course.desk.history
    for one in (more, shop):
        history.forget(pair.session, one)
    assert pair.heads() == [core.key]
    for one in (shop, more):
        history.record(pair.session, one, state=State.DONE, seconds=0)
    pair.theirs.ask("upgrade", "heads")
    assert pair.heads() == ["more"]
    pair.theirs.ask("downgrade", "shop@base")
    assert pair.heads() == ["core"]


def test_one_of_two_branches_is_taken_back(pair: Pair) -> None:
    for name, before, labels in (("core", None, None), ("east", "core", ("e",)), ("west", "core", ("w",))):
        text = _OF_A_BRANCH.format(name=name, before=before, labels=labels, depends=None)
        pair.course.write(f"{name}_file.py", text)
    assert len(pair.up()) == 3
    assert pair.heads() == ["east", "west"]
    assert len(pair.down()) == 1
    assert pair.heads() == ["east"]
    assert pair.standing() == ["applied", "applied", "pending"]
    pair.theirs.ask("upgrade", "heads")
    assert pair.standing() == ["applied"] * 3


HAND = '''"""by hand"""
import os
import sqlalchemy as sa
from alembic import op
revision = "hand"
down_revision = "%s"
def upgrade():
    if os.environ.get("SHOP_SECRET") != "s3cret":
        raise ValueError("no secret")
    op.create_table("hand", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("hand")
'''


def test_a_hand_written_file_is_run_by_alembic(pair: Pair) -> None:
    pair.write(0, 1)
    pair.course.write("hand.py", HAND % pair.keys()[0])
    pair.write(5, 1)
    with pytest.raises(Unavailable, match=r"Alembic could not run hand\.py: no secret"):
        pair.up()
    assert pair.standing() == ["applied", "pending", "pending"]
    pair.environment["SHOP_SECRET"] = "s3cret"
    assert pair.up() == ["by hand", "add table t5"]
    assert pair.theirs.all_done()
    assert pair.count("hand") == 0
    assert pair.down(2) == ["add table t5", "by hand"]
    assert pair.standing() == ["applied", "pending", "pending"]


def test_an_env_with_another_database_is_named(pair: Pair, tmp_path: Path) -> None:
    pair.write(0, 1)
    pair.course.write("hand.py", HAND % pair.keys()[0])
    pair.environment["SHOP_SECRET"] = "s3cret"
    (tmp_path / "db" / "env.py").write_text(
        ENV.replace('os.environ["DATABASE_URL"]', f'"sqlite:///{tmp_path}/other.db"')
    )
    with pytest.raises(Unavailable, match=r"env\.py has another database than live"):
        pair.up()
    other = tmp_path / "other.db"
    assert not other.exists() or other.read_bytes() == b""


def test_hostile_texts_reach_the_database(pair: Pair) -> None:
    texts = [one for one in (*HOSTILE, "".join(HOSTILE)) if "\x00" not in one]
    texts.append("".join(texts))
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, [hostile_draft(texts)])
    pair.theirs.ask("upgrade", "head")
    theirs = [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")]
    assert theirs == texts
    pair.down()
    pair.up()
    assert [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")] == texts


def test_what_cannot_be_in_a_transaction(pair: Pair) -> None:
    alone = "CREATE INDEX CONCURRENTLY i ON t (a)" if pair.course.place.is_postgresql else "VACUUM"
    one = draft(
        "index",
        [batch("CREATE TABLE t (a text)"), batch(alone, transactional=False), batch("INSERT INTO t VALUES ('x')", "INSERT INTO t VALUES ('y')")],
        [batch("DROP TABLE t")],
    )  # fmt: skip
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, [one, *table_drafts(1, 3)])
    pair.theirs.ask("upgrade", "head")
    assert (pair.count("t"), pair.standing()) == (2, ["applied"] * 2)
    assert len(pair.down(2)) == 2
    assert len(pair.up()) == 2
    assert (pair.count("t"), pair.theirs.all_done()) == (2, True)
    pair.theirs.ask("downgrade", "base")
    assert pair.standing() == ["pending"] * 2


@pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
def test_a_rebuilt_table_keeps_its_children(pair: Pair, tmp_path: Path) -> None:
    """Where the connection enforces foreign keys, a dropped table takes what refers to it."""
    enforcing = 'engine.connect() as connection:\n    connection.exec_driver_sql("PRAGMA foreign_keys=ON")'
    enforcing += "\n    connection.rollback()"
    after = "context.run_migrations()\n    print('keys', connection.exec_driver_sql('PRAGMA foreign_keys').scalar())"
    text = ENV.replace("engine.connect() as connection:", enforcing).replace(
        "context.run_migrations()", after
    )
    assert text != ENV
    (tmp_path / "db" / "env.py").write_text(text)
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, rebuilding_drafts())
    assert "keys 1" in pair.theirs.ask("upgrade", "head")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.down() == ["name not null"]
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.up() == ["name not null"]
    pair.theirs.ask("downgrade", "-1")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
