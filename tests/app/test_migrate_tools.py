"""The same for every tool: a project of many files is adopted, goes on, and is found out when it is edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.app.test_migrate import DOCUMENT, YES
from tests.migrations.drafts import table_drafts, write_all

from dbdeed.app.migrate import migrate_up, status
from dbdeed.app.migrate_baseline import migrate_baseline
from dbdeed.app.migrate_new import migrate_new
from dbdeed.app.migrate_repair import write_sums
from dbdeed.app.migrate_verify import migrate_verify
from dbdeed.document.values.types import System, Tool
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target
from dbdeed.errors import Refused
from dbdeed.migrations.registry import _MODULES, format_for
from dbdeed.migrations.runner import read_files

ENGINE = engine_for(System.SQLITE)


class Adopted:
    """A project of a tool, and a live database that has all of it but no history."""

    def __init__(self, root: Path, tool: Tool, count: int) -> None:
        self.root, self.tool, self.count = root, tool, count
        self.environment = {"LAMPS_URL": f"sqlite:///{root}/live.db", "PATH": ""}
        if tool is Tool.ALEMBIC:
            (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db\n")
            (root / "db" / "versions").mkdir(parents=True)
        self.paths = write_all(ENGINE, format_for(tool), root, table_drafts(count))
        self.describe(count)

    def make_live(self) -> None:
        session = ENGINE.connect(Target(f"sqlite:///{self.root}/live.db", "live"))
        for number in range(self.count):
            session.execute(f"CREATE TABLE t{number} (id integer PRIMARY KEY, a text)")
        session.close()

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    def describe(self, count: int) -> None:
        sql = "\n".join(f"CREATE TABLE t{n} (id integer PRIMARY KEY, a text);" for n in range(count))
        text = DOCUMENT.format(sql=sql, strategy="Manual, maintenance window")
        text = text.replace("**Tool**: dbdeed", f"**Tool**: {self.tool.value}")
        self.document.write_text(text.replace("### Table: `lamps`", "### Table: `t0`"), encoding="utf-8")

    def contents(self) -> dict[Path, bytes]:
        return {one: one.read_bytes() for one in self.paths}

    def standing(self) -> set[str]:
        return {str(one.standing) for one in status(self.document, environment=self.environment).lines}


tools = pytest.mark.parametrize("tool", list(_MODULES), ids=lambda one: one.value)


@tools
@pytest.mark.parametrize("count", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_a_project_is_adopted_by_one_command(tool: Tool, count: int, tmp_path: Path) -> None:
    adopted = Adopted(tmp_path, tool, count)
    adopted.make_live()
    before = adopted.contents()
    result = migrate_baseline(adopted.document, consent=YES, environment=adopted.environment)
    assert result.differences == ()
    assert len(result.recorded) == count
    assert adopted.contents() == before
    assert adopted.standing() <= {"applied", "baseline"}
    assert migrate_verify(adopted.document, environment=adopted.environment).ok
    again = migrate_baseline(adopted.document, consent=YES, environment=adopted.environment)
    assert (again.differences, again.recorded) == ((), ())

    adopted.describe(count + 1)
    (path, *_) = migrate_new(adopted.document, "one more", environment=adopted.environment).paths
    assert (adopted.root / path).is_file()
    done = migrate_up(adopted.document, consent=YES, environment=adopted.environment).done
    assert len(done) == 1
    assert migrate_verify(adopted.document, environment=adopted.environment).ok


@tools
def test_an_edited_applied_file_is_found(tool: Tool, tmp_path: Path) -> None:
    adopted = Adopted(tmp_path, tool, 2)
    write_sums(adopted.document)
    done = migrate_up(adopted.document, consent=YES, environment=adopted.environment).done
    assert len(done) == 2
    assert migrate_verify(adopted.document, environment=adopted.environment).ok
    path = read_files(ENGINE, format_for(tool), adopted.root).migrations[-1].path
    path.write_text(path.read_text(encoding="utf-8").replace("'x'", "'y'"), encoding="utf-8")
    result = migrate_verify(adopted.document, environment=adopted.environment)
    assert not result.ok
    assert any("edited after it was applied" in one for one in result.problems)
    write_all(ENGINE, format_for(tool), adopted.root, table_drafts(1, 2))
    with pytest.raises(Refused) as error:
        migrate_up(adopted.document, consent=YES, environment=adopted.environment)
    assert error.value.code == "migration-edited"
