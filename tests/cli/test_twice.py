"""`up` on the examples: once, again, and after a change."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    assert box.good("sync", "--check")
    assert box.good("generate", "--check")
    assert box.good("backup", "verify")
    assert box.json("plan")["changes"] == []
    assert len(box.backups()) == 1


def test_a_changed_document_makes_only_the_difference_happen(built: Built) -> None:
    engine, box = built.engine, built.box
    engine.run(box, engine.rows)
    before = engine.run(box, f"SELECT count(*) FROM {engine.stem}")
    box.edit(*engine.change)
    planned = box.json("plan")
    script = box.good("plan", "--format", "sql")
    print(json.dumps(planned["changes"], indent=1), script)
    up = box.json("up")
    assert up["changes"] == planned["changes"]
    assert engine.run(box, f"SELECT count(*) FROM {engine.stem}") == before == "500"
    assert box.json("plan")["changes"] == []
    assert box.good("up").startswith("Nothing to do: ")
