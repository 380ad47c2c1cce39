"""The shared lexer: spans lose nothing, and the right semicolons end statements."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbdeed.engines.sql_text import LexicalRules, TokenKind, name_of, read, split, tokens

POSTGRESQL = LexicalRules(
    dollar_quotes=True,
    escape_strings=True,
    nested_comments=True,
    parentheses=True,
    atomic_bodies=True,
    backslash_commands=True,
)
SQLITE = LexicalRules(identifier_quotes='"`[', trigger_bodies=True)
BOTH = [POSTGRESQL, SQLITE]

PIECES = [
    "'", "''", '"', "`", "[", "]", "$$", "$a$", "$1", "E'", "\\", "\\'", "--", "/*", "*/", "\n", "\r\n", " ", ";",
    "(", ")", "begin", " atomic ", "end", "case", "create trigger ", "create function ", "x", "é", "0x1", "1.5",
    "-- renamed from: a", "\x00", "\u2028", "\ufeff", "\x0b",
]  # fmt: skip
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@given(texts, st.sampled_from(BOTH))
@settings(max_examples=400)
def test_tokens_cover_the_text_without_a_gap(text: str, rules: LexicalRules) -> None:
    found = list(tokens(text, rules))
    assert "".join(text[one.start : one.end] for one in found) == text
    assert all(one.start < one.end for one in found)


@given(texts, st.sampled_from(BOTH))
@settings(max_examples=400)
@example("\\'\n0", POSTGRESQL)
def test_what_is_outside_statements_is_space_comments_and_semicolons(text: str, rules: LexicalRules) -> None:
    position, outside = 0, []
    for one in split(text, rules):
        assert position <= one.start < one.end
        outside.append(text[position : one.start])
        position = one.end
    outside.append(text[position:])
    for gap in outside:
        for token in tokens(gap, rules):
            mark = gap[token.start : token.end]
            assert token.kind in {TokenKind.SPACE, TokenKind.COMMENT} or mark == ";"


@given(st.lists(st.sampled_from(["create table a (x int)", "select 'a;b'", 'drop table "c;d"']), max_size=8))
def test_statements_joined_by_semicolons_come_apart_again(parts: list[str]) -> None:
    for rules in BOTH:
        assert [one.sql for one in read("; ".join(parts), rules)] == parts


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$",
        "CREATE FUNCTION f() RETURNS int AS $body$ a; $$ b; $$ $body$ LANGUAGE sql",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2))",
        r"SELECT E'it\'s; ' 'x'",
        "SELECT E'a'\n  'b\\';'",
        "SELECT 'a''; b'",
        "SELECT /* one; /* two; */ three; */ 1",
        "SELECT 1 -- no; end\n + 2",
        'SELECT "a"";b"',
        "SELECT a$b$ FROM t",
    ],
)
def test_postgresql_statement_stays_whole(sql: str) -> None:
    found = read(f"{sql};\nSELECT 2;", POSTGRESQL)
    assert [one.sql for one in found] == [sql, "SELECT 2"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN 1 THEN 2 END; DELETE FROM b; END",
        "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "SELECT [a;b], `c;d`",
        "SELECT 'no escape \\'",
        "SELECT /* one /* two; */ 1",
    ],
)
def test_sqlite_statement_stays_whole(sql: str) -> None:
    found = read(f"{sql};\nSELECT 2;", SQLITE)
    assert [one.sql for one in found] == [sql, "SELECT 2"]


def test_a_function_called_begin_is_no_body() -> None:
    found = read("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'x'; SELECT 1", POSTGRESQL)
    assert len(found) == 2


def test_client_commands_are_lines_of_their_own() -> None:
    found = read("\\restrict abc; def\nSELECT 1;\n\\i other.sql\n", POSTGRESQL)
    assert [one.sql for one in found] == ["\\restrict abc; def", "SELECT 1", "\\i other.sql"]


def test_an_operator_takes_no_comment_with_it() -> None:
    assert [one.sql for one in read("SELECT 1 +-- x;\n 2; SELECT 3", POSTGRESQL)] == [
        "SELECT 1 +-- x;\n 2",
        "SELECT 3",
    ]


def test_offsets_point_at_the_statement() -> None:
    text = "-- head\n\nSELECT 1;\n  /* b */ SELECT 2"
    for one in read(text, POSTGRESQL):
        assert text[one.offset :].startswith(one.sql)


class TestMarks:
    def test_in_a_column_above_and_after(self) -> None:
        text = (
            "-- renamed from: old_table\n"
            "CREATE TABLE t (\n"
            "  a int, -- renamed from: b\n"
            '  c int, -- Renamed From: "Old c"\n'
            "  d int -- backfill: coalesce(a, 0) + 1\n"
            "); -- renamed from: late\n"
            "SELECT 1;\n"
        )
        table, other = read(text, POSTGRESQL)
        assert table.renamed_from == (
            (-1, "old_table"),
            (table.sql.index("-- renamed from: b"), "b"),
            (table.sql.index("-- Renamed"), "Old c"),
            (-1, "late"),
        )
        assert table.backfills == ((table.sql.index("-- backfill"), "coalesce(a, 0) + 1"),)
        assert other.renamed_from == ()

    def test_in_a_block_comment_and_with_words_after_the_name(self) -> None:
        (one,) = read("/* renamed from: s.old */ CREATE TABLE t (a int /* backfill: 1 */)", SQLITE)
        assert one.renamed_from == ((-1, "s.old"),)
        assert [expression for _, expression in one.backfills] == ["1"]
        (one,) = read("CREATE TABLE t (a int -- renamed from: b, since 2020\n)", SQLITE)
        assert [name for _, name in one.renamed_from] == ["b"]

    def test_text_in_strings_is_no_mark(self) -> None:
        (one,) = read("SELECT '-- renamed from: x', $$ -- backfill: 1 $$", POSTGRESQL)
        assert (one.renamed_from, one.backfills) == ((), ())


def test_names_unquoted() -> None:
    text = 'Abc "De""f" `g``h` [i] 12'
    found = [one for one in tokens(text, SQLITE) if one.kind is not TokenKind.SPACE]
    assert [name_of(text, one, fold=True) for one in found] == ["abc", 'De"f', "g`h", "i", None]


@pytest.mark.parametrize(
    "unit",
    ["'", "''", "$$", "$a$", "/*", "*/", "E'\\", '"', "(", "--x\r", "E''\n", "; --c", "[", "begin atomic "],
)
@pytest.mark.parametrize("rules", BOTH)
def test_time_grows_linearly(unit: str, rules: LexicalRules) -> None:
    def seconds(count: int) -> float:
        text = unit * count
        started = time.thread_time()
        split(text, rules)
        return time.thread_time() - started

    small = min(seconds(5_000) for _ in range(3))
    large = min(seconds(40_000) for _ in range(2))
    assert large < 40 * small + 0.05  # quadratic would be 64 times
