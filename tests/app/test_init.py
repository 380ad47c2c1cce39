from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.app.check import check
from dbdeed.app.init import init, new_document
from dbdeed.document.values.types import System
from dbdeed.errors import InvalidInput

TODAY = date(2031, 5, 4)


@pytest.mark.parametrize("system", list(System))
def test_a_new_document_has_no_errors_but_what_only_a_person_knows(system: System, tmp_path: Path) -> None:
    path = tmp_path / "DATABASE.md"
    result = init(path, system=system, today=TODAY, models=("Reader", "Book Shelf"))
    found = check(path, today=TODAY)
    assert {one.code for one in found.findings} == {"unfilled"}
    assert found.ok
    assert len(found.findings) == result.unfilled == 3  # two purposes, and the procedure, which drills write
    settings_ = {one.key: one for one in found.architecture.settings()}
    assert settings_["Database System"].value is system
    assert settings_["Status"].raw == "Draft"
    assert settings_["Last Updated"].value == TODAY
    assert [entry.name for entry in found.architecture.schema.tables] == ["readers", "book_shelves"]


def test_without_models_the_templates_example_stays(tmp_path: Path) -> None:
    path = tmp_path / "DATABASE.md"
    init(path, system=System.POSTGRESQL, today=TODAY)
    assert "### [Model Name 1]\n" in path.read_text()


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "DATABASE.md"
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="never overwritten"):
        init(path, system=System.SQLITE, today=TODAY)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "wrong",
    [{"version": "the newest"}, {"models": ("Book\n## Overview",)}, {"models": ("`x`",)}, {"models": ("",)}],
)
def test_a_value_that_the_document_could_not_hold_is_refused(
    wrong: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "DATABASE.md"
    with pytest.raises(InvalidInput):
        init(path, system=System.SQLITE, today=TODAY, **wrong)  # type: ignore[arg-type]
    assert not path.exists()


@settings(max_examples=80)
@given(
    name=st.text(min_size=1, max_size=20),
    system=st.sampled_from([System.POSTGRESQL, System.SQLITE, System.MYSQL]),
)
def test_any_model_name_gives_a_readable_document_or_a_refusal(name: str, system: System) -> None:
    from dbdeed.document.read import read
    from dbdeed.document.source import Source

    try:
        text = new_document(system=system, today=TODAY, models=(name,))
    except InvalidInput:
        return
    architecture = read(Source("new.md", text.encode()))
    assert [one.name for one in architecture.models] == [name.strip()]
    assert len(architecture.schema.tables) == 1
    assert not architecture.problems
