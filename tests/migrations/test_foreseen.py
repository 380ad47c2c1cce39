"""What Liquibase's changesets in XML would do, explained and held against the Strategy by its own SQL."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.app.test_migrate import DOCUMENT, YES
from tests.migrations.liquibase_project import liquibase_program, xml_changelog
from tests.planning.conftest import Place

from dbdeed.app.migrate import migrate_up, status
from dbdeed.app.migrate_explain import migrate_explain
from dbdeed.engines.change import HazardKind, LockLevel
from dbdeed.engines.faults import NotYet
from dbdeed.errors import Refused
from dbdeed.migrations.formats.liquibase.foreseen import foreseen

FIRST = (
    '<changeSet id="1" author="team"><createTable tableName="lamps">'
    '<column name="id" type="int"><constraints primaryKey="true"/></column>'
    '<column name="note" type="text"/></createTable></changeSet>'
)
INDEX = (
    '<changeSet id="2" author="team"><createIndex tableName="lamps" indexName="by_note">'
    '<column name="note"/></createIndex>'
    "<sql splitStatements=\"false\">INSERT INTO lamps VALUES (3, 'a;b\n-- Changeset x::3::team')</sql></changeSet>"
)
DROP = '<changeSet id="3" author="team" runInTransaction="false"><dropTable tableName="lamps"/></changeSet>'


class Team:
    """A document, a changelog in XML, and a database that has the first changeset, and rows."""

    def __init__(self, place: Place, root: Path, strategy: str) -> None:
        self.place, self.root = place, root
        self.target = place.new()
        program = liquibase_program(root / "bin")
        path = f"{program.parent}:{os.environ['PATH']}"
        self.environment = {"PATH": path, "HOME": str(root), "LAMPS_URL": self.target.url}
        text = DOCUMENT.format(
            sql="CREATE TABLE lamps (id INTEGER PRIMARY KEY);", strategy="Manual, maintenance window"
        )
        text = text.replace("**Tool**: dbdeed", "**Tool**: Liquibase").replace(
            "Manual, maintenance window", strategy
        )
        if place.is_postgresql:
            text = (
                text.replace("SQLite", "PostgreSQL")
                .replace(">=3.37", "18")
                .replace("Embedded", "Self-hosted")
            )
        self.document.write_text(text, encoding="utf-8")
        self.write(FIRST)
        migrate_up(self.document, consent=YES, environment=self.environment)
        session = place.open(self.target)
        session.execute("INSERT INTO lamps VALUES (1, 'a'), (2, 'b')")
        session.close()

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    def write(self, *sets: str) -> None:
        (self.root / "liquibase.properties").write_text("changeLogFile=changelog.xml\n")
        (self.root / "changelog.xml").write_text(xml_changelog(sets), encoding="utf-8")

    def standing(self) -> list[str]:
        return [str(one.standing) for one in status(self.document, environment=self.environment).lines]


@pytest.fixture
def team(newest: Place, tmp_path: Path) -> Callable[[str], Team]:
    return lambda strategy: Team(newest, tmp_path, strategy)


def test_locks_and_losses_of_a_changeset_in_xml(team: Callable[[str], Team]) -> None:
    ours = team("Manual, maintenance window")
    ours.write(FIRST, INDEX, DROP)
    result = migrate_explain(ours.document, "changelog.xml", environment=ours.environment)
    first, index, drop = result.explanations  # one is applied, so all begin where a database is empty
    assert [one.statement.sql.split()[0] for one in first.statements] == ["CREATE"]
    assert [one.statement.sql.split()[0] for one in index.statements] == ["CREATE", "INSERT"]
    assert "a;b\n-- Changeset x::3::team" in index.statements[1].statement.sql
    assert index.statements[0].lock is LockLevel.SHARE
    assert [one.alone for one in drop.statements] == [True]
    assert [one.name for one in drop.destroys] == [("public", "lamps")]
    nowhere = {**ours.environment, "PATH": ""}
    with pytest.raises(
        NotYet,
        match=r"changelog\.xml can only be run by liquibase, so what it does is not known.* is not on the PATH",
    ):
        migrate_explain(ours.document, "2", environment=nowhere)


def test_a_changeset_in_xml_that_breaks_the_strategy_is_refused(team: Callable[[str], Team]) -> None:
    ours = team("Manual, online, reversible")
    ours.write(FIRST, INDEX)
    with pytest.raises(
        Refused, match=r"changelog\.xml, statement 1, .* Strategy is online\. Instead, build the index"
    ):
        migrate_up(ours.document, consent=YES, environment=ours.environment)
    result = migrate_explain(ours.document, "2", environment=ours.environment)
    (index,) = result.explanations
    assert [one.kind for one in index.statements[0].hazards] == [HazardKind.BLOCKS_WRITES]
    assert len(result.refusals) == 1
    assert ours.standing() == ["applied", "pending"]


def test_what_liquibase_writes_for_itself_is_left_out() -> None:
    said = (
        "-- Lock Database\nUPDATE public.databasechangeloglock SET LOCKED = TRUE;\n\n"
        "-- Changeset a.xml::1::team\nINSERT INTO t VALUES ('\n-- Changeset b.xml::2::team\n');\n\n"
        "INSERT INTO public.databasechangelog (ID, AUTHOR) VALUES ('1', 'team');\n\n"
        "-- Changeset a.xml::2::team\n-- because\nDROP TABLE t;\n\n"
        "UPDATE databasechangelog SET DATEEXECUTED = NOW() WHERE ID = '2';\n\n"
        "-- Release Database Lock\nUPDATE public.databasechangeloglock SET LOCKED = FALSE;\n"
    )
    assert foreseen(said, "DATABASECHANGELOG", {"a.xml::1::team", "a.xml::2::team", "a.xml::3::team"}) == {
        "a.xml::1::team": "INSERT INTO t VALUES ('\n-- Changeset b.xml::2::team\n');",
        "a.xml::2::team": "-- because\nDROP TABLE t;",
    }
