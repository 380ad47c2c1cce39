"""A catalog written as a document's SQL: the server reads the same from it, and a person can read it too."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tests.engines.postgresql.test_cases import CASES, _load, _make_roles
from tests.shared import NO_CASES

from dbdeed.app.adopt import _head, _text
from dbdeed.app.schema_text import proven_sections
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.values.types import System
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.written.names import safe, short

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.app.schema_text import Section
    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch


def written(scratch: PrivateScratch, catalog: Catalog) -> tuple[str, int]:
    """Schema Design as adopted, and in how many tries."""
    head = _head(System.POSTGRESQL, catalog, "", date(2031, 5, 4))
    tries: list[bytes] = []

    def blocks(found: Sequence[Section]) -> Sequence[CodeBlock]:
        tries.append(_text(head, found, catalog))
        return read(Source("DATABASE.md", tries[-1])).schema.blocks

    sections = proven_sections(ENGINE, scratch, catalog, blocks)
    return "\n".join(one.text for one in sections), len(tries)


@pytest.fixture
def adopt(private: PrivateScratch) -> Callable[[str], tuple[str, int]]:
    def run(*statements: str) -> tuple[str, int]:
        with private.database() as live:
            for statement in statements:
                live.execute(statement)
            catalog = ENGINE.inspect(live)
        return written(private, catalog)

    return run


def test_a_table_is_written_as_a_person_would(adopt: Callable[..., tuple[str, int]]) -> None:
    text, tries = adopt(
        "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL)",
        "CREATE TABLE pets (id serial PRIMARY KEY, owner bigint REFERENCES people ON DELETE CASCADE, "
        "tag text NOT NULL DEFAULT 'x' UNIQUE CHECK (tag <> ''), born timestamptz, "
        "CONSTRAINT tagged CHECK (tag IS NOT NULL OR born IS NULL), UNIQUE (owner, tag))",
        "CREATE INDEX pets_born ON pets (born DESC)",
        "COMMENT ON TABLE pets IS 'Beasts.'",
        "COMMENT ON COLUMN pets.tag IS 'On the collar.'",
    )
    assert tries == 1
    assert (
        text
        == """\
### Table: `people`
```sql
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(20) NOT NULL
);
```

### Table: `pets`
```sql
CREATE TABLE pets (
    id serial PRIMARY KEY,
    owner bigint REFERENCES people (id) ON DELETE CASCADE,
    tag text NOT NULL DEFAULT 'x' UNIQUE CHECK (tag <> ''::text),
    born timestamptz,
    UNIQUE (owner, tag),
    CONSTRAINT tagged CHECK ((tag IS NOT NULL) OR (born IS NULL))
);

CREATE INDEX pets_born ON pets (born DESC);

COMMENT ON COLUMN pets.tag IS 'On the collar.';
COMMENT ON TABLE pets IS 'Beasts.';
```
"""
    )


HOSTILE = {
    "carriage returns": [
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS E'SELECT ''a\\r\\nb'' -- \\\\\\r\\n'",
        "CREATE TABLE \"a\rb\" (c text DEFAULT E'x\\ry\\\\')",
        "COMMENT ON TABLE \"a\rb\" IS E'one\\r\\ntwo'",
    ],
    "fences and marks": [
        "CREATE TABLE \"```\" (a text DEFAULT E'\\n````\\n-->\\n<!-- dbdeed:erd -->\\n')",
        "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS E'SELECT ''$function$ ``` ${HOME}'''",
        "COMMENT ON TABLE \"```\" IS E'# Title\\n\\n```sql\\nDROP TABLE x;\\n```'",
    ],
    "names that mean something else without their schema": [
        "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
        "CREATE TABLE t (a text, CHECK (public.lower(a) = a))",
        "CREATE TABLE pg_class (a int)",
        "CREATE VIEW v AS WITH t AS (SELECT 1 AS a) SELECT t.a, u.a AS b FROM t, public.t u, public.pg_class",
        "CREATE VIEW w AS SELECT public.a FROM t AS public",
        "CREATE TYPE date AS ENUM ('a')",
        "CREATE TABLE d (a public.date DEFAULT 'a', b pg_catalog.date)",
    ],
    "another schema": [
        'CREATE SCHEMA "Sales"',
        'CREATE TABLE "Sales".orders (id int PRIMARY KEY)',
        'CREATE TABLE orders (id int PRIMARY KEY, other int REFERENCES "Sales".orders)',
    ],
    "a ring": [
        "CREATE TABLE a (id int PRIMARY KEY, b int)",
        "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b",
    ],
    "chosen names that are taken": [
        "CREATE TABLE a (x int CHECK (x > 0) CHECK (x < 9), y int, CONSTRAINT a_y_check CHECK (x <> 5))",
        "CREATE TABLE a_x (key int UNIQUE)",
        "CREATE TABLE b (a_id int, CONSTRAINT a_pkey1 UNIQUE (a_id))",
    ],
    "default privileges": [
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE TABLE a (id int)",
        "REVOKE ALL ON a FROM PUBLIC",
    ],
    "partitions": [
        "CREATE TABLE m (at date NOT NULL, n int, PRIMARY KEY (at, n)) PARTITION BY RANGE (at)",
        "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
        "CREATE TABLE m2 PARTITION OF m (n DEFAULT 3 CHECK (n > 1)) DEFAULT PARTITION BY HASH (n)",
        "CREATE TABLE m2a PARTITION OF m2 FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "CREATE INDEX ON m (n)",
        "CREATE INDEX mine ON m1 (n, at)",
        "ALTER INDEX m1_n_idx RENAME TO chosen",
    ],
    "indexes and keys that partitions lack": [
        "CREATE TABLE m (at date NOT NULL, n int NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')",
        "CREATE TABLE m2 PARTITION OF m DEFAULT",
        "ALTER TABLE ONLY m ADD CONSTRAINT once UNIQUE (at, n)",
        "CREATE UNIQUE INDEX beside ON m1 (at, n)",
        "CREATE INDEX mine ON ONLY m (n)",
        "CREATE INDEX m2_mine ON m2 (n)",
        "ALTER INDEX mine ATTACH PARTITION m2_mine",
    ],
    "generated and odd columns": [
        'CREATE TABLE a (x int, y int GENERATED ALWAYS AS (x * (x + 1)) STORED, t text COLLATE "C")',
        "CREATE TABLE b (z int GENERATED BY DEFAULT AS IDENTITY (START 5), u char(3)[] DEFAULT '{}')",
        "CREATE TABLE c (v numeric DEFAULT '1.50', w bit(3) DEFAULT B'101', k \"char\" DEFAULT 'a' || 'b')",
        "ALTER TABLE a ALTER t SET STATISTICS 7, ALTER t SET STORAGE EXTERNAL",
    ],
    "policies and rights": [
        "CREATE TABLE a (id int, who text)",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE POLICY own ON a FOR SELECT USING (who = current_user)",
        "GRANT SELECT (id), UPDATE ON a TO PUBLIC",
        "CREATE RULE r AS ON DELETE TO a DO INSTEAD (UPDATE a SET who = ''; SELECT 1)",
    ],
}


@pytest.mark.parametrize("statements", HOSTILE.values(), ids=HOSTILE)
def test_what_is_written_comes_back(adopt: Callable[..., tuple[str, int]], statements: Sequence[str]) -> None:
    text, _ = adopt(*statements)
    assert text.startswith("### ")
    assert "### Schema\n" not in text


def test_a_name_stays_in_full_only_where_it_must(adopt: Callable[..., tuple[str, int]]) -> None:
    text, tries = adopt(*HOSTILE["names that mean something else without their schema"])
    assert tries > 1
    assert "public.lower" in text
    assert "CREATE TABLE d (\n" in text or "CREATE TABLE public.d (\n" in text


def test_an_extension_brings_its_own_comment(adopt: Callable[..., tuple[str, int]]) -> None:
    text, tries = adopt("CREATE EXTENSION hstore")
    assert tries == 1
    assert "COMMENT" not in text
    text, _ = adopt("CREATE EXTENSION hstore", "COMMENT ON EXTENSION hstore IS 'mine'")
    assert "COMMENT ON EXTENSION hstore IS 'mine';" in text


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT public.a, 'public.a', \"public\".b", "SELECT a, 'public.a', \"public\".b"),
        ("SELECT x.public.a, $$public.a$$, public.*", "SELECT x.public.a, $$public.a$$, public.*"),
        ("nextval('public.s'::regclass)", "nextval('s'::regclass)"),
        ("CREATE INDEX i ON public.t USING btree (a)", "CREATE INDEX i ON t (a)"),
    ],
)
def test_the_default_schema_is_left_out(sql: str, wanted: str) -> None:
    assert short(sql) == wanted


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT 'a\rb\\', 1", "SELECT E'a\\rb\\\\', 1"),
        ("AS $f$a\r\n'\\$f$", "AS E'a\\r\n''\\\\'"),
        ("E'a\r\\n'", "E'a\\r\\n'"),
        ('"a\rb"', 'U&"a\\000db"'),
    ],
)
def test_a_carriage_return_is_an_escape(sql: str, wanted: str) -> None:
    assert safe(sql) == wanted


def _case(server: SuperuserServer, scratch: PrivateScratch, case: dict[str, Any], number: int) -> None:
    _make_roles(server, case)
    with server.database(f"adopted_{number}") as live:
        _load(live, case["from_sql"])
        catalog = ENGINE.inspect(live)
    written(scratch, catalog)


def _params(numbers: range) -> list[Any]:
    if not CASES:
        return [pytest.param(0, marks=pytest.mark.skip(NO_CASES))]
    return [pytest.param(n, id=f"{CASES[n]['suite']}/{CASES[n]['case']}") for n in numbers]


@pytest.mark.parametrize("number", _params(range(5, len(CASES), 60)))
def test_public_cases(server: SuperuserServer, private: PrivateScratch, number: int) -> None:
    _case(server, private, CASES[number], number)


@pytest.mark.slow
@pytest.mark.parametrize("number", _params(range(len(CASES))))
def test_every_public_case(server: SuperuserServer, private: PrivateScratch, number: int) -> None:
    _case(server, private, CASES[number], number)
