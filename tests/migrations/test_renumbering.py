"""Files of Flyway and Liquibase that come after others, which another branch added."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.migrations.written_drafts import MOMENT

from dbdeed.engines.faults import NotYet
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.migrations.formats.flyway.format import FORMAT as FLYWAY
from dbdeed.migrations.formats.liquibase.format import FORMAT as LIQUIBASE
from dbdeed.migrations.seam import Migration, Origin

MARK = f"-- dbdeed: from {'a' * 64} to {'b' * 64}\n"
AFTER = Origin("c" * 64, "d" * 64)


def place(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def rebase(chosen: object, root: Path, *words: str) -> list[Migration]:
    """Give the migrations of these words a place after all others, as `migrate rebase` does."""
    layout = chosen.layout(root)  # type: ignore[attr-defined]
    found = list(chosen.read(ENGINE, layout))  # type: ignore[attr-defined]
    moving = [one for one in found if one.description in words]
    existing = [one for one in found if one not in moving]
    texts: dict[Path, str | None] = {}
    for one in moving:
        texts.update(chosen.renumbered(layout, existing, one, MOMENT, AFTER))  # type: ignore[attr-defined]
        new = next(
            path
            for path, text in texts.items()
            if text is not None and path not in {e.path for e in existing}
        )
        existing.append(Migration(one.key, "", one.description, new, "", None))
    for path, text in texts.items():
        if text is not None:
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()
    return list(chosen.read(ENGINE, layout))  # type: ignore[attr-defined]


def test_flyways_take_their_ways_back_along(tmp_path: Path) -> None:
    ours = {
        "sql/V002__ours.sql": f"{MARK}SELECT 2;\n",
        "sql/V002__ours.sql.conf": "executeInTransaction=false\n",
        "sql/U002__ours.sql": "SELECT -2;\n",
        "sql/V003__more_ours.sql": f"{MARK}SELECT 3;\n",
    }
    place(tmp_path, {"sql/V001__one.sql": "SELECT 1;\n", "sql/V004__theirs.sql": "SELECT 4;\n", **ours})
    found = rebase(FLYWAY, tmp_path, "ours", "more ours")
    assert [(one.version, one.description) for one in found] == [
        ("001", "one"), ("004", "theirs"), ("005", "ours"), ("006", "more ours"),
    ]  # fmt: skip
    assert [one.origin for one in found] == [None, None, AFTER, AFTER]
    assert found[2].down is not None
    assert found[2].up is not None
    assert not found[2].up[0].transactional
    assert sorted(path.name for path in (tmp_path / "sql").iterdir()) == [
        "U005__ours.sql", "V001__one.sql", "V004__theirs.sql", "V005__ours.sql", "V005__ours.sql.conf",
        "V006__more_ours.sql",
    ]  # fmt: skip


def changeset(name: str) -> str:
    return f"--liquibase formatted sql\n--changeset a:{name}\n--comment: {name}\n{MARK}SELECT 1;\n"


NAMES = ("one", "ours", "more", "theirs")
YAML = "databaseChangeLog:\n" + "".join(
    f"  - include:\n      relativeToChangelogFile: true\n      file: {one}.sql\n" for one in NAMES
)
JSON = (
    '{"databaseChangeLog": [\n'
    + ",\n".join(f'  {{"include": {{"file": "{one}.sql"}}}}' for one in NAMES)
    + "\n]}\n"
)
XML = (
    '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">\n'
    + "".join(f'  <include file="{one}.sql" relativeToChangelogFile="true"/>\n' for one in NAMES)
    + "</databaseChangeLog>\n"
)


@pytest.mark.parametrize(("ending", "root"), [("yaml", YAML), ("json", JSON), ("xml", XML)])
def test_liquibases_includes_come_last(ending: str, root: str, tmp_path: Path) -> None:
    place(tmp_path, {f"changelog.{ending}": root, **{f"{one}.sql": changeset(one) for one in NAMES}})
    found = rebase(LIQUIBASE, tmp_path, "ours", "more")
    assert [one.description for one in found] == ["one", "theirs", "ours", "more"]
    assert [one.origin == AFTER for one in found] == [False, False, True, True]


def test_liquibases_files_that_a_folder_includes_get_later_names(tmp_path: Path) -> None:
    root = "databaseChangeLog:\n  - includeAll:\n      path: all\n"
    files = {f"all/{number:03}_{one}.sql": changeset(one) for number, one in enumerate(NAMES, 1)}
    place(tmp_path, {"changelog.yaml": root, **files})
    found = rebase(LIQUIBASE, tmp_path, "ours", "more")
    assert [one.path.name for one in found] == [
        "001_one.sql",
        "004_theirs.sql",
        "005_ours.sql",
        "006_more.sql",
    ]


def test_a_changeset_that_shares_its_file_stays(tmp_path: Path) -> None:
    text = changeset("ours") + "--changeset a:2\nSELECT 2;\n"
    place(
        tmp_path,
        {"changelog.yaml": YAML, **{f"{one}.sql": changeset(one) for one in NAMES}, "ours.sql": text},
    )
    with pytest.raises(NotYet, match=r"ours\.sql holds more than this changeset"):
        rebase(LIQUIBASE, tmp_path, "ours")
