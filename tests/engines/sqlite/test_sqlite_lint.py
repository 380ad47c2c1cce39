"""Documents as they are read: findings and errors at their own line and column, statements in any order."""

from __future__ import annotations

import time
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from dbdeed.document.architecture import CodeBlock
from dbdeed.document.source import Place, Source, Span
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.lint import RULES
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.sqlite.conftest import Bench

    from dbdeed.document.findings import Finding


def _block(sql: str) -> CodeBlock:
    """The SQL in a document, indented by two, three lines down."""
    head = "# A\n\n```sql\n"
    lines = sql.split("\n")
    data = head + "".join(f"  {line}\n" for line in lines)
    offsets, at = [], len(head.encode())
    for line in lines:
        offsets.append(at + 2)
        at += len(line.encode()) + 3
    source = Source("DATABASE.md", data.encode())
    return CodeBlock(
        sql, "sql", Place(source, Span(len(head), len(data.encode()))), tuple(offsets), "Table: `t`"
    )


def _load(sql: str, folder: Path) -> list[Finding]:
    with ENGINE.scratch(ScratchNeeds(folder), SILENT) as scratch, scratch.database() as session:
        return ENGINE.load(session, ENGINE.statements([_block(sql)]))


def _found(finding: Finding) -> tuple[str, str]:
    assert finding.place is not None
    return finding.code, finding.place.source.text(finding.place.span)


_P = "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT);\n"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE t (id SERIAL PRIMARY KEY)", [("sqlite-serial", "SERIAL")]),
        ("CREATE TABLE t (id BIGSERIAL NOT NULL)", [("sqlite-serial", "BIGSERIAL")]),
        ("CREATE TABLE t (id INT PRIMARY KEY)", [("sqlite-integer-key", "INT")]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)", [("sqlite-integer-key", "INTEGER")]),
        ("CREATE TABLE t (id INT PRIMARY KEY NOT NULL)", []),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY)", []),
        ("CREATE TABLE t (id INT PRIMARY KEY) STRICT", []),
        ("CREATE TABLE t (id TEXT PRIMARY KEY)", [("sqlite-nullable-key", "id")]),
        ("CREATE TABLE t (id TEXT PRIMARY KEY) WITHOUT ROWID", []),
        ("CREATE TABLE t (a TEXT NOT NULL, b TEXT, PRIMARY KEY (a, b))", [("sqlite-nullable-key", "b")]),
        ("CREATE TABLE t (a STRING)", [("sqlite-affinity", "STRING")]),
        ("CREATE TABLE t (a UUID NOT NULL)", [("sqlite-affinity", "UUID")]),
        ("CREATE TABLE t (a POINT)", [("sqlite-affinity", "POINT")]),
        (
            "CREATE TABLE t (a DECIMAL(10,2), b TIMESTAMP WITH TIME ZONE, c BOOLEAN, d BIGINT, e UNSIGNED BIG INT, f)",
            [],
        ),
        ("CREATE TABLE t (a DOUBLE PRECISION, b VARCHAR(3), c UUID TEXT, d INT8, e MEDIUMINT(3))", []),
        ("CREATE TABLE t (p REFERENCES q (id))", [("sqlite-foreign-key", "q")]),
        (_P + "CREATE TABLE t (p REFERENCES p (x))", [("sqlite-foreign-key", "p")]),
        (_P + "CREATE TABLE t (p REFERENCES p (n))", [("sqlite-foreign-key", "p")]),
        (_P + "CREATE TABLE t (p REFERENCES p)", []),
        (_P + "CREATE UNIQUE INDEX u ON p (n); CREATE TABLE t (p REFERENCES p (n))", []),
        ("CREATE VIEW v AS SELECT * FROM nowhere", [("sqlite-missing", "nowhere")]),
        (_P + "CREATE VIEW v AS SELECT id, nope FROM p", [("sqlite-missing", "nope")]),
        (_P + "CREATE TRIGGER g AFTER INSERT ON p BEGIN DELETE FROM q; END", [("sqlite-missing", "q")]),
        (
            _P + "CREATE TRIGGER g AFTER UPDATE ON p BEGIN UPDATE p SET zz = 1; END",
            [("sqlite-missing", "zz")],
        ),
        (
            _P
            + "CREATE TABLE q (a REFERENCES nowhere); CREATE VIEW v AS SELECT a FROM q;"
            + "CREATE TRIGGER outer AFTER DELETE ON p BEGIN INSERT INTO q VALUES (1); END;"
            + "CREATE TRIGGER inner AFTER INSERT ON q BEGIN UPDATE p SET zz = 1; END;"
            + "CREATE TRIGGER onto INSTEAD OF UPDATE ON v BEGIN DELETE FROM q WHERE yy; END;",
            [("sqlite-foreign-key", "nowhere"), ("sqlite-missing", "yy"), ("sqlite-missing", "zz")],
        ),
        (_P + "CREATE VIEW v AS SELECT * FROM w; CREATE VIEW w AS SELECT id FROM p", []),
        ('CREATE TABLE t (a TEXT DEFAULT "x")', [("sqlite-double-quotes", '"x"')]),
        ('CREATE TABLE "t" ("a" TEXT, CHECK ("a" <> "b c"))', [("sqlite-double-quotes", '"b c"')]),
        (_P + 'CREATE VIEW v AS SELECT "id" AS "the id", p."n" FROM "p"', []),
        ("CREATE TABLE t (a); CREATE TABLE IF NOT EXISTS t (b)", [("sqlite-duplicate", "t")]),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (1)", [("sqlite-rows", "INSERT")]),
        ("BEGIN; CREATE TABLE t (a); COMMIT; PRAGMA foreign_keys = ON", []),
    ],
)
def test_findings(sql: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    assert [_found(finding) for finding in _load(sql, tmp_path)] == expected


def test_every_rule_is_documented_and_has_its_own_code() -> None:
    codes = [rule.CODE for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("sqlite-") for code in codes)
    assert all(rule.__doc__ and len(rule.__doc__.strip().splitlines()) > 2 for rule in RULES)


def test_fixes_are_right(tmp_path: Path) -> None:
    """Applied to the document's bytes, the finding is gone."""
    for sql in (
        "CREATE TABLE t (id SERIAL PRIMARY KEY)",
        "CREATE TABLE t (id BIGINT PRIMARY KEY)",
        'CREATE TABLE t (a DEFAULT "é")',
    ):
        (finding,) = _load(sql, tmp_path)
        (edit,) = finding.fix
        assert finding.place is not None
        data = finding.place.source.data
        fixed = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]
        text = "\n".join(line[2:] for line in fixed.decode().splitlines()[3:])
        assert _load(text, tmp_path) == []


@pytest.mark.parametrize(
    ("sql", "place", "message"),
    [
        ("CREATE TABLE t (\n  a TEXT,\n  b TEXT NOT NUL\n)", "DATABASE.md:6:16", 'near "NUL"'),
        ("CREATE TABLE t (\n  a TEXT,,\n)", "DATABASE.md:5:12", 'near ","'),
        ("CREATE TABLE t (a TEXT;\nCREATE TABLE u (a)", "DATABASE.md:4:3", "incomplete"),
        ("CREAT TABLE t (a)", "DATABASE.md:4:3", 'near "CREAT"'),
        ("CREATE TABLE é (\n a TEXT, a INT)", "DATABASE.md:5:12", "duplicate column name: a"),
        (
            "CREATE TABLE t (a);\nCREATE TABLE u (b);\nCREATE TABLE T (c)",
            "DATABASE.md:6:16",
            "already exists",
        ),
        ("CREATE TABLE t (a);\nCREATE INDEX i\n  ON nope (a)", "DATABASE.md:6:8", "no such table"),
        ("CREATE TABLE t (a);\nCREATE INDEX i ON t (a, b)", "DATABASE.md:5:27", "no such column"),
        ("CREATE TABLE t (a, CHECK (a > zz))", "DATABASE.md:4:33", "no such column: zz"),
        ("CREATE TABLE t (a) WITHOUT ROWID", "DATABASE.md:4:3", "PRIMARY KEY missing"),
        ("CREATE TABLE t (a TEXTT) STRICT", "DATABASE.md:4:3", "unknown datatype"),
        (
            "CREATE TABLE t (a);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n SELECT FROM t;\nEND",
            "DATABASE.md:6:11",
            'near "FROM"',
        ),
    ],
)
def test_errors_stand_where_they_are(sql: str, place: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SqlRejected, match=message.replace("(", "\\(").replace(")", "\\)")) as caught:
        _load(sql, tmp_path)
    if message == "incomplete":
        assert caught.value.where.startswith("DATABASE.md:")
    else:
        assert caught.value.where == place


def test_any_order_means_the_same(bench: Bench) -> None:
    statements = [
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a)",
        "CREATE INDEX i ON b (a)",
        "CREATE VIEW v AS SELECT id FROM a",
        "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO a VALUES (new.id, 1); END",
    ]
    first = bench.catalog(";".join(statements))
    for order in permutations(statements):
        assert bench.catalog(";".join(order)).same_as(first)


def test_many_statements_backwards(bench: Bench) -> None:
    """Twice as many take about twice as long: each waits for its table and is tried once more."""

    def seconds(count: int) -> float:
        tables = [f"CREATE INDEX i{at} ON t{at} (a)" for at in range(count)]
        tables += [f"CREATE TABLE t{at} (a)" for at in reversed(range(count))]
        start = time.process_time()
        assert len(bench.catalog(";\n".join(tables)).objects) == 2 * count
        return time.process_time() - start

    seconds(50)
    assert seconds(1600) < 12 * seconds(400)
