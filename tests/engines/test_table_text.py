"""A change carried into a CREATE TABLE that a person laid out: what is not changed keeps its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sqlite.text import RULES as SQLITE
from dbdeed.engines.table_text import carry, divide

MINE = """\
CREATE TABLE orders (
    id bigint PRIMARY KEY, -- the key
    -- about note
    note text NOT NULL
      , -- odd comma
    total numeric(12,2) /* in */ NOT NULL DEFAULT 0, -- cents
    CHECK (total >= 0),
    UNIQUE (note, total) -- last
    -- after
)"""
OLD = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL, "
    "total numeric(12,2) NOT NULL DEFAULT 0 CHECK (total >= 0::numeric), UNIQUE (note, total))"
)


def carried(new: str, old: str = OLD, mine: str = MINE) -> str | None:
    return carry(mine, old, new, RULES, fold=True)


def test_nothing_changes_nothing() -> None:
    assert carried(OLD) == MINE


CHANGES = {
    "a type": ("total numeric(12,2)", "total numeric(14,2)", "numeric(12,2)", "numeric(14,2)"),
    "a default": ("DEFAULT 0", "DEFAULT 1", "DEFAULT 0", "DEFAULT 1"),
    "no default": (" DEFAULT 0", "", " DEFAULT 0", ""),
    "nullable": ("note text NOT NULL", "note text", "note text NOT NULL", "note text"),
    "unlogged": ("CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE TABLE", "CREATE UNLOGGED TABLE"),
    "a new column": (
        "note text NOT NULL,", "note text NOT NULL, added int,",
        "-- odd comma\n", "-- odd comma\n    added int,\n",
    ),
    "a new constraint": (
        "UNIQUE (note, total)", "UNIQUE (note, total), CONSTRAINT odd CHECK (id > 1)",
        "total) -- last", "total), -- last\n    CONSTRAINT odd CHECK (id > 1)",
    ),
    "a check that stands apart": (" CHECK (total >= 0::numeric)", "", "    CHECK (total >= 0),\n", ""),
    "the last item": (", UNIQUE (note, total)", "", ",\n    UNIQUE (note, total) -- last", "\n    -- last"),
    "an options list": ("total))", "total)) WITH (fillfactor=70)", "after\n)", "after\n) WITH (fillfactor=70)"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_only_what_differs_changes(change: tuple[str, str, str, str]) -> None:
    was, becomes, mine, wanted = change
    assert was in OLD
    assert mine in MINE
    assert carried(OLD.replace(was, becomes, 1)) == MINE.replace(mine, wanted, 1)


def test_comments_of_a_column_that_goes_stay() -> None:
    text = carried(OLD.replace("note text NOT NULL, ", ""))
    assert text is not None
    for comment in ("-- about note", "-- odd comma", "-- the key", "/* in */", "-- cents"):
        assert comment in text
    assert "note text" not in text


def test_a_layout_on_one_line_stays_one() -> None:
    def one(new: str) -> str | None:
        return carried(new, "CREATE TABLE a (b int, c int)", "create table a (b int, c int)")

    assert (
        one("CREATE TABLE a (z int, b bigint, c int, d int)")
        == "create table a (z int, b bigint, c int, d int)"
    )
    assert one("CREATE TABLE a (b int)") == "create table a (b int)"
    assert one("CREATE TABLE a (c int)") == "create table a (c int)"
    assert one("CREATE TABLE a ()") == "create table a ()"


def test_a_comment_never_swallows_what_follows_it() -> None:
    mine = "CREATE TABLE a (b int\n DEFAULT 3 -- three\n REFERENCES x, UNIQUE (b) -- one\n)"
    old = "CREATE TABLE a (b integer DEFAULT 3 UNIQUE REFERENCES x (id))"
    assert carried("CREATE TABLE a (b integer DEFAULT 3 UNIQUE)", old, mine) == (
        "CREATE TABLE a (b int\n DEFAULT 3 -- three\n , UNIQUE (b) -- one\n)"
    )


def test_what_has_no_columns_is_not_divided() -> None:
    for sql in (
        "CREATE TABLE a PARTITION OF b FOR VALUES IN ('x')",
        "CREATE TABLE a AS SELECT (1)",
        "CREATE VIEW table_ (a) AS SELECT 1",
        "CREATE TABLE a (b int",
    ):
        assert divide(sql, RULES, fold=True) is None


def test_a_body_changes_between_a_persons_own_marks() -> None:
    mine = "CREATE FUNCTION f() RETURNS int -- mine\nLANGUAGE sql AS $$ SELECT 1 $$"
    old = "CREATE FUNCTION f()\n RETURNS integer\n LANGUAGE sql\nAS $function$ SELECT 1 $function$"
    assert carried(old.replace("1", "2"), old, mine) == mine.replace("1", "2")
    assert "$function$ SELECT $$2$$" in (carried(old.replace("1", "$$2$$"), old, mine) or "")
    assert carried(old.replace("integer", "text"), old, mine) is None


PIECES = st.sampled_from(
    ["a int", "b text NOT NULL", '"C" int DEFAULT (1 + 2)', "CHECK (a > 0)", "UNIQUE (a)", "d numeric(2,1)"]
)
QUIET = st.sampled_from(["", " ", "\n", "\n    ", " -- c, (\n", " /* , ) */ ", "\n-- x\n  "])


@given(st.lists(st.tuples(QUIET, PIECES, QUIET), max_size=6), QUIET, st.sampled_from([RULES, SQLITE]))
def test_every_layout_comes_back(items: list[tuple[str, str, str]], closing: str, rules: object) -> None:
    text = f"CREATE TABLE t ({','.join(''.join(one) for one in items)}{closing})"
    found = divide(text, rules, fold=True)  # type: ignore[arg-type]
    assert found is not None
    assert found.text == text
    assert len(found.items) == len(items)
