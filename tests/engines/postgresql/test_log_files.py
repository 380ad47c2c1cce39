"""Names, pages and chains of log files, without a server."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbdeed.engines.faults import LogDamaged
from dbdeed.engines.postgresql.log.pages import problems_of
from dbdeed.engines.postgresql.log.positions import Segment, parse_name, parse_position, write_position
from dbdeed.engines.postgresql.log.reach import completed, follow
from dbdeed.engines.recovering import LogRange
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1 << 20
PAGE = 8192
SYSTEM = "7712613870095498067"


def a_file(segment: Segment, *, unit: int = MB, pages: int | None = None, system: str = SYSTEM) -> bytes:
    """A file whose pages say what they should; after `pages` of them, zeros."""
    data = bytearray(unit)
    for number in range(unit // PAGE if pages is None else pages):
        address = segment.number * unit + number * PAGE
        info = 2 if number == 0 else 0
        struct.pack_into("=HHIQ", data, number * PAGE, 0xD118, info, segment.timeline, address)
        data[number * PAGE + 100] = 1
    struct.pack_into("=QII", data, 24, int(system), unit, PAGE)
    return bytes(data)


@given(st.integers(0, (1 << 64) - 1))
def test_positions_are_written_as_they_are_read(number: int) -> None:
    assert parse_position(write_position(number)) == number


@pytest.mark.parametrize("text", ["", "0", "0/", "/1", "0/15E68D8x", "123456789/0", "-1/0"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_position(text)


@given(st.integers(1, 99), st.integers(0, 1 << 30), st.sampled_from([MB, 16 * MB, 1024 * MB]))
def test_names_are_written_as_they_are_read(timeline: int, number: int, unit: int) -> None:
    segment = Segment(timeline, number)
    assert parse_name(segment.name(unit), unit) == segment


def test_a_name_is_the_servers() -> None:
    assert Segment(1, 256).name(16 * MB) == "000000010000000100000000"
    assert parse_name("000000010000000100000000.partial", 16 * MB) is None


def test_sound_files_are_sound() -> None:
    segment = Segment(2, 7)
    assert problems_of(a_file(segment), segment, SYSTEM, MB) == []
    assert problems_of(a_file(segment, pages=5), segment, SYSTEM, MB) == [], "a switch leaves zeros"
    assert problems_of(a_file(segment)[:50_000], segment, SYSTEM, MB, whole=False) == []
    assert problems_of(b"", segment, SYSTEM, MB, whole=False) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-1], "bytes in place of"),
        (lambda data: bytes(MB), "does not begin like"),
        (lambda data: data[:PAGE] + bytes(PAGE) + data[2 * PAGE :], "is damaged: its page at 0/702000"),
        (lambda data: data[: 3 * PAGE] + data[2 * PAGE : 3 * PAGE] + data[4 * PAGE :], "is damaged"),
        (lambda data: a_file(Segment(1, 8)), "is damaged: its page at 0/700000"),
        (lambda data: a_file(Segment(3, 7)), "is damaged"),
        (lambda data: a_file(Segment(1, 7), system="5"), "was written by the system 5"),
    ],
)
def test_spoilt_files_are_noticed(spoil: Callable[[bytes], bytes], said: str) -> None:
    segment = Segment(1, 7)
    [problem] = problems_of(spoil(a_file(segment)), segment, SYSTEM, MB)
    assert said in problem


def names(*files: str) -> list[tuple[str, int]]:
    return [(f"wal/{SYSTEM}/{one[:8]}/{one}", 1) for one in files]


def log(end: str, timeline: int = 1) -> LogRange:
    return LogRange(SYSTEM, timeline, "0/100028", end, MB)


def seg(number: int, timeline: int = 1) -> str:
    return Segment(timeline, number).name(MB)


def nothing(name: str) -> bytes:
    raise AssertionError(name)


def test_the_chain_is_followed_to_its_end() -> None:
    found = follow(log("0/1F0000"), names(seg(0), seg(1), seg(2), seg(3)), nothing)
    assert [one.rpartition("/")[2] for one in found.files] == [seg(1), seg(2), seg(3)]
    assert (found.end, found.missing, found.connected) == ("0/400000", (), True)


def test_the_unfinished_file_counts_as_far_as_it_goes() -> None:
    found = follow(log("0/1F0000"), names(seg(1), f"{seg(2)}.partial"), lambda name: b"x" * 0x1234)
    assert found.end == "0/201234"
    assert found.files[-1].endswith(f"{seg(2)}.partial")


def test_a_gap_ends_the_chain_and_is_named() -> None:
    found = follow(log("0/1F0000"), names(seg(1), seg(4), f"{seg(5)}.partial"), nothing)
    assert (found.end, found.missing) == ("0/200000", (seg(2), seg(3)))
    far = follow(log("0/1F0000"), names(seg(1), seg(40)), nothing)
    assert far.missing[-1] == "and 33 more"


def test_nothing_after_the_backup_leads_nowhere() -> None:
    found = follow(log("0/1F0000"), names(seg(0)), nothing)
    assert (found.files, found.end, found.connected) == ((), "0/1F0000", False)


def test_the_newest_timeline_that_goes_on_from_the_backup_is_taken() -> None:
    histories = {
        "00000002.history": "1\t0/2A0000\tno recovery target specified\n",
        "00000003.history": "1\t0/2A0000\tx\n2\t0/3C0000\tbefore 2026-11-26\n",
        "00000004.history": "1\t0/150000\tbefore the backup's end\n",
    }
    files = [*histories, seg(1), f"{seg(2)}.partial", seg(2, 2), f"{seg(3, 2)}.partial", seg(3, 3), seg(4, 3)]
    found = follow(log("0/1F0000"), names(*files), lambda name: histories[name.rpartition("/")[2]].encode())
    chain = [one.rpartition("/")[2] for one in found.files if "history" not in one]
    assert chain == [seg(1), seg(2, 2), seg(3, 3), seg(4, 3)]
    assert (found.timeline, found.end) == (3, "0/500000")
    late = follow(log("0/3F0000"), names(*files), lambda name: histories[name.rpartition("/")[2]].encode())
    assert late.timeline == 1


def test_unfinished_files_are_filled_up() -> None:
    assert completed(f"{seg(2)}.partial", b"abc", MB) == (seg(2), b"abc" + bytes(MB - 3))
    assert completed(seg(2), b"abc", MB) == (seg(2), b"abc")
    with pytest.raises(LogDamaged):
        completed(f"{seg(2)}.partial", bytes(MB + 1), MB)
