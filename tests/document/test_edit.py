"""Edits and writes: exact, proven, all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.edit import Edit, apply_edits, write_document
from dbdeed.document.source import Source, Span
from dbdeed.errors import InvalidInput, OurFault, Unavailable

TEXT = "# Tïtle\r\n\r\n**Status**: Draft  \r\nend"


def test_edits_replace_insert_and_keep_order() -> None:
    data = TEXT.encode()
    at = data.index(b"Draft")
    edits = [
        Edit(Span(len(data), len(data)), "!"),
        Edit(Span(at, at + 5), "Active"),
        Edit(Span(0, 0), "a"),
        Edit(Span(0, 0), "b"),
    ]
    assert apply_edits(Source("d", data), edits).decode() == "ab# Tïtle\r\n\r\n**Status**: Active  \r\nend!"


def test_insertions_stand_beside_a_replacement() -> None:
    edits = [Edit(Span(1, 2), "X"), Edit(Span(2, 2), "y"), Edit(Span(1, 1), "w")]
    assert apply_edits(Source("d", b"abc"), edits) == b"awXyc"


@pytest.mark.parametrize(
    "edits",
    [
        [(0, 2), (1, 3)],
        [(0, 3), (1, 1)],
        [(2, 1)],
        [(-1, 0)],
        [(0, 99)],
        [(4, 4)],
        [(3, 4)],
        [(0, 2), (0, 2)],
    ],
)
def test_wrong_edits_are_our_fault(edits: list[tuple[int, int]]) -> None:
    with pytest.raises(OurFault):
        apply_edits(Source("d", TEXT.encode()), [Edit(Span(*edit), "x") for edit in edits])


@settings(max_examples=200)
@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 10), st.text(max_size=6)), max_size=5),
)
def test_random_edits_keep_every_other_byte(text: str, wanted: list[tuple[int, int, str]]) -> None:
    expected, edits, before = [], list[Edit](), 0
    for start, length, new in sorted(wanted):
        if before <= start <= start + length <= len(text) and (not edits or start > before):
            left, right = (len(text[:index].encode()) for index in (start, start + length))
            edits.append(Edit(Span(left, right), new))
            expected += [text[before:start], new]
            before = start + length
    assert apply_edits(Source("d", text.encode()), edits).decode() == "".join([*expected, text[before:]])


def source_of(path: Path) -> Source:
    return Source(str(path), path.read_bytes())


def test_writing_keeps_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "DATABASE.md"
    path.write_bytes(TEXT.encode())
    path.chmod(0o640)
    assert write_document(path, source_of(path), [Edit(Span(0, 1), "##")])
    assert path.read_bytes() == b"#" + TEXT.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("a")
    link = tmp_path / "DATABASE.md"
    link.symlink_to("real.md")
    write_document(link, source_of(link), [Edit(Span(0, 1), "b")])
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_text() == "b"


def test_without_a_change_the_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "d.md"
    path.write_text("abc")
    before = path.stat()
    assert not write_document(path, source_of(path), [Edit(Span(0, 1), "a")])
    assert not write_document(path, source_of(path), [])
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_that_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.md"
    path.write_text("abc")
    old = source_of(path)
    path.write_text("abcd")
    with pytest.raises(InvalidInput, match="changed on disk"):
        write_document(path, old, [Edit(Span(0, 1), "x")])
    assert path.read_text() == "abcd"


def test_a_file_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        write_document(tmp_path / "d.md", Source("d.md", b"a"), [Edit(Span(0, 1), "x")])


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.md"
    path.write_text("abc")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space"):
        write_document(path, source_of(path), [Edit(Span(0, 1), "x")])
    assert path.read_text() == "abc"
    assert list(tmp_path.iterdir()) == [path]
