"""Where backups go, and where they never go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.document.values.types import Destination, Encryption, EnvName
from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput
from dbdeed.recovery.destination import open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_the_default_is_a_folder_of_the_project(tmp_path: Path) -> None:
    assert open_store(tmp_path, None, None, {}).label == str(tmp_path / "backups")


def test_a_folder_is_the_projects_or_absolute(tmp_path: Path) -> None:
    assert open_store(tmp_path, Destination("safe/"), None, {}).label == str(tmp_path / "safe")
    assert open_store(tmp_path / "x", Destination(f"{tmp_path}/y/"), None, {}).label == str(tmp_path / "y")


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "backups").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="leads out of the project"):
        open_store(project, Destination("backups/"), None, {})


def test_caches_and_the_project_itself_are_no_place_for_backups(tmp_path: Path) -> None:
    for folder in (".dbdeed/backups/", "./"):
        with pytest.raises(InvalidInput, match="cannot be kept"):
            open_store(tmp_path, Destination(folder), None, {})


def test_an_environment_variable_names_the_folder(tmp_path: Path) -> None:
    destination = Destination(env=EnvName("STORE"))
    assert open_store(tmp_path, destination, None, {"STORE": f"{tmp_path}/y"}).label == str(tmp_path / "y")
    assert open_store(tmp_path, destination, None, {"STORE": f"file://{tmp_path}/y"}).label == str(
        tmp_path / "y"
    )
    with pytest.raises(InvalidInput, match="STORE is not set"):
        open_store(tmp_path, destination, None, {})


def test_an_object_store_is_a_bucket_and_a_prefix(tmp_path: Path) -> None:
    destination = Destination(env=EnvName("STORE"))
    store = open_store(tmp_path, destination, None, {"STORE": "s3://bucket/some/where/"})
    assert store.label == "s3://bucket/some/where"
    assert not store.within(tmp_path)


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://key:secret@bucket", "s3://bucket/../secret"])
def test_an_address_that_is_none_is_refused_and_not_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="STORE names no bucket") as caught:
        open_store(tmp_path, Destination(env=EnvName("STORE")), None, {"STORE": url})
    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_place_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotYet, match="ftp://, where backups cannot go"):
        open_store(tmp_path, Destination(env=EnvName("STORE")), None, {"STORE": "ftp://host/folder"})


def test_nothing_is_written_plain_where_the_document_wants_it_sealed(tmp_path: Path) -> None:
    for environment in ({}, {"KEY": "x"}):
        with pytest.raises(InvalidInput, match="KEY"):
            open_store(tmp_path, None, Encryption(EnvName("KEY")), environment)
    sealed = open_store(tmp_path, None, Encryption(EnvName("KEY")), {"KEY": "ab" * 32})
    sealed.shelf.put("wal/1", b"secret")
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and b"secret" in one.read_bytes()]
    assert open_store(tmp_path, None, Encryption(), {}).label == str(tmp_path / "backups")
