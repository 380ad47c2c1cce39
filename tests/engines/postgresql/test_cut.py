"""Which snapshots lie at a position of the log; a wrong answer would call a sound backup damaged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dbdeed.engines.postgresql.backup.cut import Commit, lsn, lsn_text, position_of, read_snapshot

EPOCH = 1 << 32


def test_what_postgresql_says_is_read() -> None:
    one = read_snapshot("3-1", "10:20:10,14", 5, 9)
    assert (one.top, one.running, one.still) == (20, frozenset({10, 14}), False)
    assert [xid for xid in range(8, 22) if not one.sees(xid)] == [10, 14, 20, 21]
    assert read_snapshot("3-1", "20:20:", 9, 9).still
    assert not read_snapshot("3-1", "20:20:", 8, 9).still


def test_numbers_go_around_a_circle() -> None:
    top = 7 * EPOCH + 5
    one = read_snapshot("3-1", f"{top - 10}:{top}:{top - 10}", 0, 0)
    assert [one.sees((top + step) % EPOCH) for step in (-11, -10, -9, -1, 0, 1)] == [
        True, False, True, True, False, False,
    ]  # fmt: skip


def test_a_commit_that_is_seen_behind_one_that_is_not_leaves_no_position() -> None:
    one = read_snapshot("3-1", "10:13:11", 100, 130)
    assert position_of(one, [Commit(90, 10), Commit(95, 12), Commit(105, 11)]) == 105
    assert position_of(one, [Commit(90, 10), Commit(105, 11), Commit(110, 12)]) is None
    assert position_of(one, [Commit(90, 10), Commit(95, 12)]) == 130


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=30), st.integers(0, 30))
def test_the_position_divides_what_is_seen_from_what_is_not(
    turns: list[tuple[bool, int]], moment: int
) -> None:
    """Commits in the log's order, each visible some turns later: the position, where there is one, is right."""
    commits = [Commit(10 * number, 100 + number) for number in range(len(turns))]
    visible_at = {100 + number: number + delay * slow for number, (slow, delay) in enumerate(turns)}
    running = [xid for xid, at in visible_at.items() if at >= moment]
    text = f"1:{100 + len(turns)}:{','.join(map(str, running))}"
    one = read_snapshot("3-1", text, 10 * moment, 10 * moment)
    position = position_of(one, commits)
    seen = {xid for xid, at in visible_at.items() if at < moment}
    if position is not None:
        assert {commit.xid for commit in commits if commit.position < position} == seen
    else:
        order = [commit.xid in seen for commit in commits]
        assert order != sorted(order, reverse=True)


def test_positions_are_written_as_they_are_read() -> None:
    assert lsn("16/B374D848") == 0x16B374D848
    assert lsn_text(0x16B374D848) == "16/B374D848"
