"""What pruning keeps: the promises that hold for every retention, and examples with their reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.values.types import Keep, Retention
from dbdeed.recovery.retention import Candidate, Decision, decide

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def nightly(count: int, *, damaged: bool = False) -> list[Candidate]:
    return [Candidate(f"b{number}", NOW - number * DAY, damaged=damaged) for number in range(count)]


def kept(decisions: list[Decision]) -> list[str]:
    return [one.id for one in decisions if one.kept]


def test_a_period_keeps_what_is_younger() -> None:
    decisions = decide(nightly(40), Retention((Keep(period=30 * DAY),)), NOW)
    assert kept(decisions) == [f"b{number}" for number in range(31)]
    assert decisions[3].reasons == ("younger than 30 days",)
    assert decisions[35].reasons == ()


def test_a_count_keeps_the_newest() -> None:
    assert kept(decide(nightly(9), Retention((Keep(count=3),)), NOW)) == ["b0", "b1", "b2"]


def test_what_is_dated_ahead_of_now_pushes_nothing_out() -> None:
    ahead = Candidate("z", NOW + 400 * DAY, proven=True)
    decisions = decide([*nightly(3), ahead], Retention((Keep(count=1),)), NOW)
    assert kept(decisions) == ["b0", "z"], "the newest, and the newest proven one"
    soon = Candidate("z", NOW + timedelta(seconds=20))
    assert kept(decide([*nightly(3), soon], Retention((Keep(count=1),)), NOW)) == ["z"]


def test_grandfather_father_son_keeps_the_newest_of_each_period() -> None:
    rules = (Keep("daily", 7), Keep("weekly", 4), Keep("monthly", 3))
    decisions = decide(nightly(100), Retention(rules), NOW)
    # Sunday ends an ISO week: 14 June, 7 June and 31 May 2026 are Sundays; 31 May and 30 April end months.
    assert kept(decisions) == ["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b8", "b15", "b46"]
    assert decisions[15].reasons == ("one of 4 weekly", "one of 3 monthly")


def test_several_backups_of_a_day_leave_the_last() -> None:
    hourly = [Candidate(f"h{number}", NOW - timedelta(hours=number)) for number in range(12)]
    assert kept(decide(hourly, Retention((Keep("daily", 7),)), NOW)) == ["h0"]


def test_a_unit_for_a_period_keeps_one_of_each_in_it() -> None:
    assert kept(decide(nightly(30), Retention((Keep("weekly", period=14 * DAY),)), NOW)) == ["b0", "b1", "b8"]


def test_silence_does_not_let_rules_by_count_empty_the_store() -> None:
    old = [Candidate(f"o{number}", NOW - (400 + number) * DAY) for number in range(10)]
    assert len(kept(decide(old, Retention((Keep("daily", 7),)), NOW))) == 7


def test_methods_are_counted_apart() -> None:
    both = [
        Candidate(f"{series}{number}", NOW - number * DAY, series) for number in range(3) for series in "ab"
    ]
    assert sorted(kept(decide(both, Retention((Keep(count=1),)), NOW))) == ["a0", "b0"]


def test_the_newest_proven_backup_stays_however_old() -> None:
    backups = [*nightly(5), Candidate("proven", NOW - 900 * DAY, proven=True)]
    decisions = decide(backups, Retention((Keep(count=1),)), NOW)
    assert kept(decisions) == ["b0", "proven"]
    assert decisions[-1].reasons == ("the newest proven backup",)


def test_a_damaged_backup_takes_no_sound_ones_place() -> None:
    backups = [
        *nightly(2, damaged=True),
        Candidate("sound", NOW - 5 * DAY),
        Candidate("older", NOW - 6 * DAY),
    ]
    assert kept(decide(backups, Retention((Keep(count=1),)), NOW)) == ["b0", "sound"]


def test_what_a_kept_backup_needs_is_kept_with_all_that_needs() -> None:
    chain = [
        Candidate("full", NOW - 50 * DAY),
        Candidate("first", NOW - 49 * DAY, needs=frozenset({"full"})),
        Candidate("second", NOW, needs=frozenset({"first"})),
        Candidate("other", NOW - 51 * DAY),
    ]
    decisions = decide(chain, Retention((Keep(count=1),)), NOW)
    assert kept(decisions) == ["second", "first", "full"]
    assert decisions[2].reasons == ("needed by first",)


def test_without_a_retention_nothing_is_deleted() -> None:
    assert len(kept(decide(nightly(5), None, NOW))) == 5


def test_an_empty_store_has_nothing_to_decide() -> None:
    assert decide([], Retention((Keep(count=1),)), NOW) == []


UNITS = st.sampled_from(["hourly", "daily", "weekly", "monthly", "yearly"])
PERIODS = st.timedeltas(timedelta(0), timedelta.max)
RULES = st.one_of(
    st.just(Keep(forever=True)),
    st.builds(Keep, unit=st.just(""), count=st.integers(0, 5)),
    st.builds(Keep, unit=UNITS, count=st.integers(0, 5)),
    st.builds(Keep, unit=UNITS | st.just(""), period=PERIODS),
)
RETENTIONS = st.none() | st.builds(Retention, st.lists(RULES, max_size=4).map(tuple))


@st.composite
def stores(draw: st.DrawFn) -> list[Candidate]:
    seconds = st.integers(600_000_000, 2_200_000_000)
    moments = seconds.map(lambda since: datetime.fromtimestamp(since, UTC))
    count = draw(st.integers(0, 25))
    ids = [f"id{number}" for number in range(count)]
    return [
        Candidate(
            id_,
            draw(moments),
            draw(st.sampled_from(["physical", "logical"])),
            proven=draw(st.booleans()),
            damaged=draw(st.booleans()),
            needs=frozenset(draw(st.lists(st.sampled_from([*ids, "gone"]), max_size=2))),
        )
        for id_ in ids
    ]


@settings(max_examples=300)
@given(stores(), RETENTIONS)
def test_what_holds_whatever_the_document_says(backups: list[Candidate], retention: Retention | None) -> None:
    decisions = decide(backups, retention, NOW)
    assert sorted(one.id for one in decisions) == sorted(one.id for one in backups)
    keeps = set(kept(decisions))
    for series in ("physical", "logical"):
        mine = sorted((one for one in backups if one.series == series), key=lambda one: (one.at, one.id))
        assert not mine or mine[-1].id in keeps
        sound = [one for one in mine if not one.damaged]
        assert not sound or sound[-1].id in keeps
        proven = [one for one in sound if one.proven]
        assert not proven or proven[-1].id in keeps
    ids = {one.id for one in backups}
    assert all(one.needs & ids <= keeps for one in backups if one.id in keeps)


@settings(max_examples=200)
@given(stores(), st.lists(RULES, max_size=3), RULES)
def test_another_rule_only_ever_keeps_more(backups: list[Candidate], rules: list[Keep], rule: Keep) -> None:
    fewer = set(kept(decide(backups, Retention(tuple(rules)), NOW)))
    more = set(kept(decide(backups, Retention((*rules, rule)), NOW)))
    assert fewer <= more


@settings(max_examples=200)
@given(stores(), RETENTIONS)
def test_pruning_twice_prunes_nothing_more(backups: list[Candidate], retention: Retention | None) -> None:
    keeps = set(kept(decide(backups, retention, NOW)))
    left = [one for one in backups if one.id in keeps]
    rules = retention.rules if retention else ()
    if any(one.needs for one in left) or any(rule.count is not None for rule in rules):
        return  # a backup kept only because another needs it may be counted once it is among fewer
    assert set(kept(decide(left, retention, NOW))) == keeps
