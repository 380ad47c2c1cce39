"""A living project of each tool, its files written by hand: adopted by one command, which changes none of them.

Once with the tool's own history, once where that is lost; then the tool itself says that nothing is left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.app.test_migrate import DOCUMENT, YES
from tests.migrations.alembic_project import alembic_project
from tests.migrations.dbmate_project import dbmate_project
from tests.migrations.flyway_project import flyway_project
from tests.migrations.knex_project import knex_project
from tests.migrations.liquibase_project import liquibase_project, xml_changelog
from tests.migrations.tunnel import Tunnels
from tests.planning.conftest import Place

from dbdeed.app.migrate import migrate_up, status
from dbdeed.app.migrate_baseline import migrate_baseline
from dbdeed.document.values.types import Tool
from dbdeed.engines.seam import Target
from dbdeed.migrations.registry import format_for

PLACES = ("sqlite", "postgresql-18")


@dataclass
class Living:
    """A project as its team has it.

    Attributes:
        apply: has the tool run everything.
        left: what the tool says is still to be run; "" for nothing.
        programs: a folder with the tool's command.
    """

    root: Path
    tool: Tool
    files: dict[str, str]
    apply: Callable[[], object]
    left: Callable[[], str]
    environment: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        for name, text in self.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def contents(self) -> dict[str, bytes]:
        return {name: (self.root / name).read_bytes() for name in self.files}


def _table(number: int) -> str:
    return f"CREATE TABLE t{number} (id integer PRIMARY KEY, a text);\n"


def _flyway(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
    theirs = flyway_project(root, tunnels.reach(target))
    files = {f"sql/V{number}__table_{number}.sql": _table(number) for number in range(1, count + 1)}
    files["flyway.toml"] = '[flyway]\nlocations = ["filesystem:sql"]\n'
    return Living(
        root, Tool.FLYWAY, files, lambda: theirs.ask("migrate"), lambda: str(theirs.left() or ""),
    )  # fmt: skip


def _liquibase(name: str, text: Callable[[int], str]) -> Callable[[Path, Target, Tunnels, int], Living]:
    def made(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
        theirs = liquibase_project(root, tunnels.reach(target), name)
        files = {name: text(count), "liquibase.properties": f"changeLogFile={name}\n"}
        return Living(
            root, Tool.LIQUIBASE, files, lambda: theirs.ask("update"), theirs.left,
            {"PATH": f"{theirs.program.parent}:{os.environ['PATH']}", "HOME": str(root)},
        )  # fmt: skip

    return made


def _formatted(count: int) -> str:
    sets = [
        f"--changeset team:{number}\n{_table(number)}--rollback DROP TABLE t{number};\n"
        for number in range(count)
    ]
    return "--liquibase formatted sql\n\n" + "\n".join(sets)


def _xml(count: int) -> str:
    return xml_changelog(
        [
            f'<changeSet id="{number}" author="team"><createTable tableName="t{number}">'
            '<column name="id" type="int"><constraints primaryKey="true"/></column>'
            '<column name="a" type="text"/></createTable></changeSet>'
            for number in range(count)
        ]
    )


def _yaml(count: int) -> str:
    sets = [
        f"  - changeSet:\n      id: {number}\n      author: team\n      changes:\n        - createTable:\n"
        f"            tableName: t{number}\n            columns:\n              - column:\n"
        "                  name: id\n                  type: int\n                  constraints:\n"
        "                    primaryKey: true\n              - column:\n                  name: a\n"
        "                  type: text\n"
        for number in range(count)
    ]
    return "databaseChangeLog:\n" + "".join(sets)


def _json(count: int) -> str:
    columns = [
        {"column": {"name": "id", "type": "int", "constraints": {"primaryKey": True}}},
        {"column": {"name": "a", "type": "text"}},
    ]
    sets = [
        {
            "changeSet": {
                "id": str(number),
                "author": "team",
                "changes": [{"createTable": {"tableName": f"t{number}", "columns": columns}}],
            }
        }
        for number in range(count)
    ]
    return json.dumps({"databaseChangeLog": sets}, indent=1)


_KNEX = """up = (knex) => knex.schema.createTable("t{number}", (table) => {{
  table.integer("id").primary();
  table.text("a");
}});
"""


def _knex(extension: str) -> Callable[[Path, Target, Tunnels, int], Living]:
    def made(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
        theirs = knex_project(root, target)
        if extension == "ts":
            knexfile = root / "knexfile.js"
            text = knexfile.read_text(encoding="utf-8").replace("module.exports =", "export default")
            knexfile.unlink()
            (root / "knexfile.ts").write_text(text, encoding="utf-8")
        files = {}
        for number in range(count):
            text = _KNEX.format(number=number)
            down = f'down = (knex) => knex.schema.dropTable("t{number}");\n'
            if extension == "ts":
                typed = 'import type { Knex } from "knex";\n'
                text, down = (one.replace("(knex)", "(knex: Knex)") for one in (text, down))
                text = f"{typed}export const {text}export const {down}"
            else:
                text = f"exports.{text}exports.{down}"
            files[f"migrations/2026{number:04}_table.{extension}"] = text

        def left() -> str:
            return "" if theirs.all_done(count) else theirs.ask("migrate:status")

        return Living(root, Tool.KNEX, files, lambda: theirs.ask("migrate:latest"), left)

    return made


def _alembic(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
    theirs = alembic_project(root, target)
    files = {}
    for number in range(count):
        before = f'"r{number - 1}"' if number else "None"
        files[f"db/versions/r{number}_table.py"] = (
            f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "r{number}"\n'
            f"down_revision = {before}\n\n\ndef upgrade():\n"
            f'    op.create_table("t{number}", sa.Column("id", sa.Integer(), primary_key=True), '
            'sa.Column("a", sa.Text()))\n\n\ndef downgrade():\n'
            f'    op.drop_table("t{number}")\n'
        )
    return Living(
        root, Tool.ALEMBIC, files, lambda: theirs.ask("upgrade", "head"),
        lambda: "" if theirs.all_done() else theirs.ask("current"),
    )  # fmt: skip


def _dbmate(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
    theirs = dbmate_project(root, target)
    files = {
        f"db/migrations/2026{number:010}_table.sql": (
            f"-- migrate:up\n{_table(number)}\n-- migrate:down\nDROP TABLE t{number};\n"
        )
        for number in range(count)
    }
    return Living(
        root, Tool.DBMATE, files, lambda: theirs.ask("up"),
        lambda: "" if theirs.all_done(count) else theirs.ask("status"),
    )  # fmt: skip


def _own(root: Path, target: Target, tunnels: Tunnels, count: int) -> Living:
    document, environment = root / "DATABASE.md", {"LAMPS_URL": target.url}
    files = {
        f"migrations/20260101T{number:06}_table.sql": (
            f"-- dbdeed: up\n{_table(number)}\n-- dbdeed: down\nDROP TABLE t{number};\n"
        )
        for number in range(count)
    }

    def left() -> str:
        return ", ".join(
            one.version for one in status(document, environment=environment).lines if not one.is_applied
        )

    def apply() -> object:
        return migrate_up(document, consent=YES, environment=environment)

    return Living(root, Tool.DBDEED, files, apply, left)


KINDS: dict[str, Callable[[Path, Target, Tunnels, int], Living]] = {
    "flyway": _flyway,
    "liquibase-sql": _liquibase("changelog.sql", _formatted),
    "liquibase-xml": _liquibase("changelog.xml", _xml),
    "liquibase-yaml": _liquibase("changelog.yaml", _yaml),
    "liquibase-json": _liquibase("changelog.json", _json),
    "knex-js": _knex("js"),
    "knex-ts": _knex("ts"),
    "alembic": _alembic,
    "dbmate": _dbmate,
    "dbdeed": _own,
}
EVERY_DAY = {
    ("sqlite", "liquibase-xml"),
    ("sqlite", "knex-ts"),
    ("postgresql-18", "dbmate"),
    ("sqlite", "alembic"),
    ("sqlite", "dbdeed"),
}
CASES = [
    *(pytest.param(place, kind, 5, id=f"{place}-{kind}-5") for place, kind in sorted(EVERY_DAY)),
    *(
        pytest.param(place, kind, 50, id=f"{place}-{kind}-50", marks=pytest.mark.slow)
        for place in PLACES
        for kind in KINDS
    ),
]


@pytest.fixture
def living(
    place: Place, kind: str, count: int, tmp_path: Path, tunnels: Tunnels
) -> tuple[Living, dict[str, str]]:
    target = place.new()
    place.open(target).close()
    if not place.is_postgresql:  # Java's driver would otherwise make it elsewhere
        session = place.open(target)
        session.execute("SELECT 1")
        session.close()
    made = KINDS[kind](tmp_path, target, tunnels, count)
    made.write()
    text = DOCUMENT.format(sql=_table(0), strategy="Manual, maintenance window")
    text = text.replace("**Tool**: dbdeed", f"**Tool**: {made.tool.value}")
    if place.is_postgresql:
        text = text.replace("SQLite", "PostgreSQL").replace(">=3.37", "18").replace("Embedded", "Self-hosted")
    (tmp_path / "DATABASE.md").write_text(text, encoding="utf-8")
    return made, {"PATH": os.environ["PATH"], **made.environment, "LAMPS_URL": target.url}


@pytest.mark.parametrize(("place", "kind", "count"), CASES, indirect=["place"], scope="session")
def test_a_project_is_adopted_and_its_tool_agrees(
    place: Place, living: tuple[Living, dict[str, str]], count: int
) -> None:
    project, environment = living
    document = project.root / "DATABASE.md"
    project.apply()
    before = project.contents()
    with_history = migrate_baseline(document, consent=YES, environment=environment)
    assert (with_history.differences, with_history.recorded, with_history.known) == ((), (), count)
    _lose_history(place, project, environment)
    without = migrate_baseline(document, consent=YES, environment=environment)
    assert (without.differences, len(without.recorded), without.known) == ((), count, 0)
    assert project.contents() == before
    found = status(document, environment=environment)
    assert found.ok, found.problems
    assert {str(one.standing) for one in found.lines} <= {"applied", "baseline"}
    assert project.left() == ""
    assert migrate_up(document, consent=YES, environment=environment).done == ()


def _lose_history(place: Place, project: Living, environment: dict[str, str]) -> None:
    chosen = format_for(project.tool)
    tables = chosen.history(place.engine, chosen.layout(project.root)).tables
    lost = {name.rpartition(".")[2].lower() for name in tables}
    if project.tool is Tool.DBDEED:  # its table is in no catalog
        lost = {place.engine.private_name("migrations")}
    session = place.open(Target(environment["LAMPS_URL"], "live"))
    for one in sorted(lost):
        session.execute(f"DROP TABLE IF EXISTS {one}")
    session.close()
