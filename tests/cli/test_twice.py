"""`up` on the examples: once, again, and after a change."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Engine, Sandbox


@dataclass
class Built:
    """A project on which `up` ran once."""

    engine: Engine
    box: Sandbox


@pytest.fixture(scope="module")
def built(engine: Engine, new: Callable[..., Sandbox]) -> Built:
    box = new(engine.example)
    said = box.good("up")
    assert "is what the document says" in said
    return Built(engine, box)


def test_a_second_up_changes_nothing(built: Built) -> None:
    engine, box = built.engine, built.box
    files, content, backups = box.files(), engine.content(box), box.backups()
    time.sleep(0.01)
    done = box.run("up")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing to do: ")
    assert len(done.stdout.strip().splitlines()) == 1
    assert engine.content(box) == content
    assert box.files() == files
    assert box.backups() == backups
    said = box.json("up")
    assert said["unchanged"] is True
    assert (said["changes"], said["written"], said["backups"], said["document"]) == ([], [], [], [])
    assert box.files() == files


def test_what_up_wrote_is_whole_and_in_line(built: Built) -> None:
    box = built.box
    assert box.good("check", "--engine")
    assert "in line" in box.good("sync", "--check")
    assert box.good("generate", "--check")
    assert box.good("backup", "verify")
    assert box.json("plan")["plan"]["differences"] == []
    assert len(box.backups()) == 1


def test_a_changed_document_makes_only_the_difference_happen(built: Built) -> None:
    engine, box = built.engine, built.box
    engine.run(box, engine.rows)
    before = engine.run(box, engine.count)
    box.edit(*engine.change)

    plan = box.json("plan", code=1)["plan"]
    assert [_difference(one) for one in plan["differences"] if not one["because"]] == list(engine.differences)
    steps = [step["sql"] for group in plan["groups"] for step in group["steps"]]
    assert len(steps) == len(engine.sql), steps
    for step, piece in zip(steps, engine.sql, strict=True):
        assert piece in step
    script = box.run("plan", "--format", "sql")
    assert script.returncode == 1
    at = [script.stdout.index(piece) for piece in engine.sql]
    assert at == sorted(at)

    up = box.json("up")
    assert [_difference(one) for one in up["changes"] if not one["because"]] == list(engine.differences)
    assert engine.run(box, engine.count) == before
    assert before.startswith("500|")
    assert len(box.backups()) == 2
    assert box.json("up")["unchanged"] is True


def _difference(one: dict[str, Any]) -> tuple[str, str, str]:
    kind, name = (
        (one["object"]["kind"], one["object"]["name"]) if "object" in one else (one["kind"], one["name"])
    )
    return one["action"], kind, ".".join(name)
