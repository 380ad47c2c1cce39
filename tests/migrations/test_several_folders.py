"""Migrations in several folders, as each tool's configuration has them: the tool and we read, order and run them alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrations.alembic_project import alembic_project
from tests.migrations.beside import Beside
from tests.migrations.conftest import Course
from tests.migrations.dbmate_project import dbmate_project
from tests.migrations.drafts import MOMENT, table_drafts, write_all
from tests.migrations.knex_project import knex_project
from tests.migrations.peers import JavaPeer
from tests.migrations.tunnel import Tunnels
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput, Refused
from dbdeed.migrations import sums
from dbdeed.migrations.formats.jdbc import jdbc_of
from dbdeed.migrations.seam import Origin

pytestmark = pytest.mark.parametrize(
    "beside", ["sqlite", pytest.param("postgresql-18", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def course(beside: Place, courses: Callable[..., Course], tool: Tool) -> Course:
    return courses(beside, tool)


def write_into(course: Course, folder: str, name: str, text: str) -> Path:
    path = course.root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(course: Course) -> list[str]:
    return [one.path.relative_to(course.root).as_posix() for one in course.files.migrations]


def next_files(course: Course, *numbers: int) -> list[str]:
    drafts = [one for number in numbers for one in table_drafts(1, number)]
    made = write_all(course.place.engine, course.format, course.root, drafts)
    return [one.relative_to(course.root).as_posix() for one in made]


_KNEX = "exports.up = (knex) => knex.schema.createTable('{0}', (t) => t.integer('id'));\nexports.down = (knex) => knex.schema.dropTable('{0}');\n"


def knexfile(course: Course, text: str, *, separately: bool) -> None:
    said = f"directory: ['./z', './db/a'], sortDirsSeparately: {str(separately).lower()}"
    said = f"migrations: {{{said}, loadExtensions: ['.js']}}"
    (course.root / "knexfile.js").write_text(text.replace("{client", f"{{{said}, client"))


@pytest.mark.parametrize("tool", [Tool.KNEX])
def test_knex(course: Course) -> None:
    theirs = knex_project(course.root, course.target)
    text = (course.root / "knexfile.js").read_text()
    knexfile(course, text, separately=False)
    for folder, number in (("z", 1), ("db/a", 2), ("z", 3), ("db/a", 4)):
        write_into(course, folder, f"2026010{number}000000_t.js", _KNEX.format(f"h{number}"))
    write_into(course, "z", "20260105000000_t.ts", "no such ending is loaded")
    hand = [f"{'z' if number % 2 else 'db/a'}/2026010{number}000000_t.js" for number in (1, 2, 3, 4)]
    ours = next_files(course, 0)
    assert Path(ours[0]).parent.as_posix() == "db/a"
    assert names(course) == [*hand, *ours]
    pair = Beside(course, theirs.environment)
    theirs.ask("migrate:up")
    assert pair.standing() == ["applied", *["pending"] * 4]
    assert len(pair.up()) == 4
    assert theirs.all_done(5)
    assert _recorded(pair) == [Path(one).name for one in names(course)]
    assert _moved_to(course).parent == course.root / "z"
    assert len(pair.down(5)) == 5
    knexfile(course, text, separately=True)
    assert names(course) == [hand[0], hand[2], hand[1], hand[3], *ours]
    theirs.ask("migrate:latest")
    assert pair.standing() == ["applied"] * 5
    assert _recorded(pair) == [Path(one).name for one in names(course)]
    assert _moved_to(course).parent == course.root / "db" / "a"
    write_into(course, "z", Path(ours[0]).name, _KNEX.format("twice"))
    with pytest.raises(InvalidInput, match="has the same name"):
        names(course)


def _recorded(pair: Beside) -> list[str]:
    return [row[0] for row in pair.session.fetch("SELECT name FROM knex_migrations ORDER BY id")]


def _moved_to(course: Course) -> Path:
    """Where the first file of the first folder would be after all others."""
    renumber, files = course.format.renumbered, course.files  # type: ignore[attr-defined]
    found = renumber(files.layout, files.migrations, files.migrations[0], MOMENT, Origin("a", "b"))
    place = next(path for path, text in found.items() if text is not None)
    assert place.name > files.migrations[-1].path.name
    return Path(place)


@pytest.mark.parametrize("tool", [Tool.DBMATE])
def test_dbmate(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBMATE_MIGRATIONS_DIR", "./db/b, ./db/a")
    theirs = dbmate_project(course.root, course.target)
    form = "-- migrate:up\nCREATE TABLE h{0} (id integer);\n-- migrate:down\nDROP TABLE h{0};\n"
    for folder, number in (("b", 1), ("a", 2), ("b", 3)):
        write_into(course, f"db/{folder}", f"2026010{number}000000_t.sql", form.format(number))
    ours = next_files(course, 0)
    assert Path(ours[0]).parent.as_posix() == "db/b"
    assert [one.split("/")[1] for one in names(course)] == ["b", "a", "b", "b"]
    pair = Beside(course, theirs.environment)
    theirs.ask("up")
    assert pair.standing() == ["applied"] * 4
    assert len(pair.down(3)) == 3
    theirs.ask("rollback")
    assert pair.standing() == ["pending"] * 4
    assert len(pair.up()) == 4
    assert theirs.all_done(4)
    write_into(course, "db/a", "20260103000000_other.sql", form.format(9))
    with pytest.raises(InvalidInput, match="the same version"):
        names(course)


_REVISION = """from alembic import op
revision = "{name}"
down_revision = {before!r}
branch_labels = {labels!r}


def upgrade():
    op.execute("CREATE TABLE {name} (id integer)")


def downgrade():
    op.execute("DROP TABLE {name}")
"""


@pytest.mark.parametrize("tool", [Tool.ALEMBIC])
def test_alembic(course: Course) -> None:
    """Two lines of revisions, each in a folder of its own; a new file goes beside the head that it revises."""
    theirs = alembic_project(course.root, course.target)
    with (course.root / "alembic.ini").open("a") as file:
        file.write("version_locations = %(here)s/shop/steps %(here)s/bills\npath_separator = space\n")
    for folder, name, before, labels in (
        ("shop/steps", "shop1", None, ("shop",)),
        ("bills", "bills1", None, ("bills",)),
        ("bills", "bills2", "bills1", None),
    ):
        text = _REVISION.format(name=name, before=before, labels=labels)
        write_into(course, folder, f"{name}_file.py", text)
    pair = Beside(course, theirs.environment)
    assert pair.standing() == ["pending"] * 3
    theirs.ask("upgrade", "bills@head")
    assert sorted(pair.standing()) == ["applied", "applied", "pending"]
    assert len(pair.up()) == 1
    assert theirs.ask("current", "--check-heads").count("(head)") == 2
    with pytest.raises(
        InvalidInput, match=r"There are several branches: shop1 \(shop\) and bills2 \(bills\)"
    ):
        next_files(course, 0)
    made = []
    for number, branch in enumerate(("bills", "bills", "shop")):
        draft = table_drafts(1, number)[0]
        draft = type(draft)(**{**{name: getattr(draft, name) for name in draft.__slots__}, "branch": branch})
        made += write_all(course.place.engine, course.format, course.root, [draft])
    assert [one.parent.relative_to(course.root).as_posix() for one in made] == [
        "bills",
        "bills",
        "shop/steps",
    ]
    first, second, third = course.files.migrations[-3:]
    assert len(pair.up()) == 3
    heads = "SELECT version_num FROM alembic_version ORDER BY version_num"
    ours = pair.session.fetch(heads)
    assert pair.down() == ["add table t2"]
    theirs.ask("downgrade", f"{second.key}@{first.key}")
    assert pair.standing() == [*["applied"] * 4, "pending", "pending"]
    theirs.ask("upgrade", "heads")
    assert pair.standing() == ["applied"] * 6
    theirs.ask("downgrade", "base")
    assert pair.standing() == ["pending"] * 6
    theirs.ask("upgrade", "heads")
    assert pair.session.fetch(heads) == ours
    assert pair.standing() == ["applied"] * 6
    assert third.path.parent.name == "steps"


@pytest.mark.parametrize("tool", [Tool.ALEMBIC])
def test_two_that_go_on_from_one_head_are_named_though_other_branches_are_meant(course: Course) -> None:
    theirs = alembic_project(course.root, course.target)
    for name, before, labels in (
        ("core", None, ("c",)),
        ("bills", None, ("b",)),
        ("mine", "core", None),
        ("yours", "core", None),
    ):
        write_into(
            course, "db/versions", f"{name}.py", _REVISION.format(name=name, before=before, labels=labels)
        )
    pair = Beside(course, theirs.environment)
    with pytest.raises(Refused, match="mine and yours are heads"):
        pair.up()
    mine = next(one for one in course.files.migrations if one.key == "mine")
    staying = [one for one in course.files.migrations if one.key != "mine"]
    layout = course.files.layout
    assert course.format.beside(layout, mine, staying)  # type: ignore[attr-defined]
    found = course.format.renumbered(layout, staying, mine, MOMENT, Origin("a", "b"))  # type: ignore[attr-defined]
    for path, text in found.items():
        path.write_text(text)
    assert not course.format.beside(layout, mine, staying)  # type: ignore[attr-defined]
    assert len(pair.up()) == 4
    assert theirs.ask("current", "--check-heads").count("(head)") == 2


@pytest.mark.parametrize("tool", [Tool.KNEX])
def test_the_sum_holds_all_folders_wherever_they_are(course: Course) -> None:
    knex_project(course.root, course.target)
    (course.root / "knexfile.js").write_text(
        "module.exports = {client: 'pg', migrations: {directory: ['../shared', 'db/a']}};"
    )
    write_into(course, "../shared", "1_a.js", _KNEX.format("a"))
    write_into(course, "db/a", "2_b.js", _KNEX.format("b"))
    files = course.files
    assert files.layout.folder == course.root
    assert sorted(sums.checksums_of(files.layout.folder, [one.path for one in files.migrations])) == [
        "../shared/1_a.js",
        "db/a/2_b.js",
    ]


_WILD = {
    "mods/shop/sql/V1__a.sql": "CREATE TABLE a (id integer);\n",
    "mods/bills/more/sql/deep/V3__c.sql": "CREATE TABLE c (id integer);\n",
    "mods/bills/sql/V2__b.sql": "CREATE TABLE b (id integer);\n",
    "mods/bills/sql/R__names.sql": "DROP VIEW IF EXISTS n;\nCREATE VIEW n AS SELECT id FROM b;\n",
    "mods/.hidden/sql/V4__d.sql": "no such file is read",
    "mods/shop/other/V5__e.sql": "nor this",
    "only/x1.V6__f.sql": "nor this: its name is no migration's",
    "only/V7__g.sql": "CREATE TABLE g (id integer);\n",
    "only/in/V8__h.sql": "nor this",
}


@pytest.mark.parametrize("tool", [Tool.FLYWAY])
def test_flyway(course: Course, java: JavaPeer, tunnels: Tunnels) -> None:
    """Locations with wildcards: the same files, under the same names in the history."""
    locations = "filesystem:mods/**/sql,filesystem:only/V?__*.sql"
    (course.root / "flyway.conf").write_text(f"flyway.locations={locations}\n")
    for name, text in _WILD.items():
        path = Path(name)
        write_into(course, path.parent.as_posix(), path.name, text)
    assert names(course) == [
        "mods/shop/sql/V1__a.sql",
        "mods/bills/sql/V2__b.sql",
        "mods/bills/more/sql/deep/V3__c.sql",
        "only/V7__g.sql",
        "mods/bills/sql/R__names.sql",
    ]
    course.session.execute("CREATE TABLE kept (id integer)")
    course.session.execute("DROP TABLE kept")
    reached = jdbc_of(tunnels.reach(course.target))
    settings = {
        "url": reached.url,
        "user": reached.user,
        "locations": locations.replace(":", f":{course.root}/"),
    }
    words = [f"{key}={value}" for key, value in settings.items() if value]
    pair = Beside(course, {})
    ask = java.ask("flyway", "migrate", *words, "target=2")
    assert ask, ask.text
    assert pair.standing() == ["applied", "applied", "pending", "pending", "applied"]
    assert len(pair.up()) == 2
    told = java.ask("flyway", "validate", *words)
    assert told, told.text
    rows = 'SELECT "version", "script" FROM flyway_schema_history ORDER BY "installed_rank"'
    ours = sorted(course.session.fetch(rows), key=str)
    course.session.execute("DELETE FROM flyway_schema_history")
    for one in ("DROP VIEW n", *(f"DROP TABLE {name}" for name in "abcg")):
        course.session.execute(one)
    ask = java.ask("flyway", "migrate", *words)
    assert ask, ask.text
    assert sorted(course.session.fetch(rows), key=str) == ours
    assert pair.standing() == ["applied"] * 5
    assert next_files(course, 0)[0] == "mods/bills/more/sql/deep/V8__add_table_t0.sql"
    (course.root / "flyway.conf").write_text("flyway.locations=filesystem:none/*/sql\n")
    with pytest.raises(InvalidInput, match="has wildcards, and into which folder V"):
        next_files(course, 1)


@pytest.mark.parametrize("tool", [Tool.FLYWAY])
@pytest.mark.parametrize("text", ["sql/**", "sql/[ab]*"])
def test_wildcards_that_flyway_takes_otherwise_are_refused(course: Course, text: str) -> None:
    (course.root / "flyway.conf").write_text(f"flyway.locations=filesystem:{text}\n")
    with pytest.raises(InvalidInput, match="is not followed here"):
        names(course)
