"""The raw template: every key found, every placeholder once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.shared import TEMPLATE

from dbdeed.document.architecture import Architecture
from dbdeed.document.values.types import TargetState

Read = Callable[..., Architecture]

FILLED = {"Target State", "Repositories"}
NOT_IN_TEMPLATE = {"Replicas", "Destination", "Encryption"}


def test_it_is_the_projects_template(template_bytes: bytes) -> None:
    if not TEMPLATE.exists():
        pytest.skip("the template's origin is not on this machine")
    assert template_bytes == TEMPLATE.read_bytes()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_each_bracket_is_one_placeholder(document: Read, template_bytes: bytes, ending: bytes) -> None:
    data = template_bytes.replace(b"\n", ending)
    expected = [(match.start(), match.end()) for match in re.finditer(rb"\[[^\]]*\]", data)]
    found = [(found.place.span.start, found.place.span.end) for found in document(data).placeholders]
    assert sorted(found) == expected
    assert len(expected) == 34


def test_every_key_is_found(document: Read, template_bytes: bytes) -> None:
    read = document(template_bytes)
    for setting in read.settings():
        assert setting.absent == (setting.key in NOT_IN_TEMPLATE), setting.key
        assert setting.unfilled == (setting.key not in FILLED | NOT_IN_TEMPLATE), setting.key
        assert setting.problem is None
    assert read.header.target_state.value is TargetState.AS_TO_BE
    assert read.access.repositories.value == "src/repositories/"


def test_nothing_is_wrong_with_it(document: Read, template_bytes: bytes) -> None:
    read = document(template_bytes)
    assert (read.problems, read.unknown_keys, read.generated) == ((), (), ())
    assert [section.name for section in read.sections if section.known] == [
        "Overview", "Data Models", "Schema Design", "Data Access Layer", "Query Strategy", "Migrations",
        "Backup and Recovery",
    ]  # fmt: skip
    assert [model.name for model in read.models] == ["[Model Name 1]"]
    assert [entry.name for entry in read.models[0].attributes] == [
        "id", "attribute_1", "attribute_2", "created_at", "updated_at",
    ]  # fmt: skip
    assert [table.name for table in read.schema.tables] == ["[table_name_1]"]


def test_places_for_what_is_generated(document: Read, template_bytes: bytes) -> None:
    read = document(template_bytes)
    assert read.erd_place is not None
    assert template_bytes[: read.erd_place.span.start].endswith(b"## Data Models\n")
    assert read.recovery.plan_place is not None
    assert read.recovery.plan_place.span.start == len(template_bytes)
