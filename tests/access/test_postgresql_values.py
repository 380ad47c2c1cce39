"""Values to PostgreSQL and back: what psycopg gives is what is given, in text and in binary form."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import itertools
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import set_json_loads
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = itertools.count(1)
_QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Pair:
    """A session of ours and one of psycopg's, in the same database and of the same time zone."""

    def __init__(self, address: str, zone: str = "Europe/Berlin") -> None:
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {admin.info.dbname} SET TimeZone = '{zone}'".encode())
        self.ours = sync.Database(address, pool=access.PoolSettings(min=1, max=1))
        self.ours.open()
        self.theirs = psycopg.connect(address, autocommit=True)
        set_json_loads(msgspec.json.decode, self.theirs)

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def read(self, sql: str) -> tuple[Any, ...]:
        """A row, which is the same each of three times, and the same as psycopg's in both of its forms."""
        statement = access.Statement(f"{sql} -- {next(_NUMBERS)}")
        ours = [self.ours.rows(statement) for _ in range(3)]
        theirs = self.theirs.execute(sql.encode()).fetchall()
        assert repr(ours) == repr([theirs] * 3)
        found: tuple[Any, ...] = ours[0][0]
        return found

    def same(self, type_name: str, *values: Any) -> None:
        """Values come back from a cast as they come back from psycopg's own."""
        sql = f"SELECT $1::{type_name}"
        statement = access.Statement(f"{sql} -- {next(_NUMBERS)}")
        cursor = psycopg.RawCursor(self.theirs)
        for value in (*values, *values, None):
            theirs = cursor.execute(sql.encode(), [value]).fetchall()
            assert repr(self.ours.rows(statement, (value,))) == repr(theirs), value


@pytest.fixture
def pair(postgresql: str) -> Iterator[Pair]:
    found = Pair(postgresql)
    yield found
    found.close()


LITERALS = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "32767", "0"],
    "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "oid": ["0", "4294967295"],
    "real": ["1.1", "NaN", "-Infinity", "1e-40", "3.4e38"],
    "double precision": ["1.1", "NaN", "Infinity", "5e-324", "-0", "0.1"],
    "numeric": [
        "NaN",
        "Infinity",
        "-Infinity",
        "0",
        "-0.00",
        "1.10",
        "1e200",
        "1e-200",
        "123456789.987654321",
    ],
    "numeric(12,2)": ["1.1", "-9999999999.99"],
    "text": ["", "é🌍", "a\\b'\"", "\x01\x7f\n\t"],
    "varchar(5)": ["abc", ""],
    "char(5)": ["abc"],
    "name": ["abc"],
    '"char"': ["a", ""],
    "bytea": ["", "\\x00ff5c27", "abc"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "date": ["2024-02-29", "0001-01-01", "9999-12-31"],
    "time": ["00:00", "23:59:59.999999"],
    "timetz": ["12:00:00+02", "23:59:59.999999-15:59", "00:00+05:30"],
    "timestamp": ["0001-01-01 00:00", "9999-12-31 23:59:59.999999", "2024-03-31 02:30"],
    "timestamptz": ["0001-01-02 00:00+00", "9999-12-30 23:59:59.999999+00", "2024-10-27 02:30+02"],
    "interval": ["0", "1 day", "-1 day 00:00:00.000001", "2 months -3 days", "1 year 14 months", "10:00:00"],
    "json": ['{"a": [1, 2.5, null, "é"]}', '"x"', "null", "12"],
    "jsonb": ['{"a": [1, 2.5, null, "é"]}', '"x"', "null", "[]"],
    "inet": ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32"],
    "macaddr": ["08:00:2b:01:02:03"],
    "money": ["12.34"],
    "xml": ["<a>é</a>"],
    "bit(3)": ["101"],
    "varbit": ["10101", ""],
    "point": ["(1,2)"],
    "box": ["(1,2),(3,4)"],
    "tsvector": ["a b"],
    "regclass": ["pg_class"],
    "pg_lsn": ["16/B374D848"],
    "int4range": ["[1,5)", "empty", "(,)", "[3,)"],
    "int8range": ["[1,5)", "empty"],
    "numrange": ["[1.5,NaN]", "(,2)"],
    "daterange": ["[2024-01-01,2024-02-01)", "(,2024-01-01)"],
    "tsrange": ["[2024-01-01 10:00,)", "empty"],
    "tstzrange": ["[2024-01-01 10:00+00,2024-01-02 00:00+02)"],
    "int4multirange": ["{}", "{[1,2),[5,9)}"],
    "tstzmultirange": ["{[2024-01-01 10:00+00,)}"],
    "int[]": ["{}", "{1,NULL,3}", "{{1,2},{3,4}}", "[2:3]={7,8}"],
    "bigint[]": ["{9223372036854775807}"],
    "text[]": ["{}", '{"a,b",NULL,"NULL","",\\"}', '{{a,b},{c,"d e"}}'],
    "numeric[]": ["{1.10,NaN}"],
    "boolean[]": ["{t,f,NULL}"],
    "date[]": ["{2024-01-01}"],
    "timestamptz[]": ["{2024-01-01 10:00+00,NULL}"],
    "timestamp[]": ["{2024-01-01 10:00}"],
    "uuid[]": ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"],
    "bytea[]": ['{"\\\\x00ff"}'],
    "jsonb[]": ['{"{\\"a\\": 1}",NULL}'],
    "money[]": ["{1.00}"],
    "box[]": ["{(1,1),(0,0);(3,3),(2,2)}"],
    "point[]": ['{"(1,2)"}'],
    "int4range[]": ['{"[1,2)",empty}'],
    "interval[]": ['{"1 day"}'],
    "inet[]": ["{10.0.0.1}"],
    "xml[]": ["{<a/>}"],
}


def test_every_type_is_read_as_psycopg_reads_it(pair: Pair) -> None:
    kinds = LITERALS
    try:
        pair.theirs.execute("SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:  # not every server is built with it
        kinds = {name: literals for name, literals in LITERALS.items() if "xml" not in name}
    for name, literals in kinds.items():
        for literal in literals:
            quoted = literal.replace("'", "''")
            pair.read(f"SELECT '{quoted}'::{name}, NULL::{name}, 1")
            pair.read(f"SELECT '{quoted}'::{name}")
    everything = ", ".join(f"$${literals[0]}$$::{name}" for name, literals in kinds.items())
    pair.read(f"SELECT {everything}")
    pair.read("SELECT ROW(1, 'a'), ARRAY[ROW(1, 'b')]")
    pair.read("SELECT pg_sleep(0), '{}'::regclass[], '1'::xid8, '1 2'::int2vector")


class Colour(enum.StrEnum):
    RED = "red"


VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "smallint": [0, -32768],
    "integer": [2147483647, True - 5],
    "bigint": [-(2**63), 2**63 - 1, 5],
    "double precision": [1.1, float("nan"), float("inf"), -0.0, 5, 5e-324],
    "real": [1.1, 1e30],
    "numeric": [decimal.Decimal("1.10"), decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), 7, 2**70, 1.5],
    "text": ["", "é🌍\\'\"", Colour.RED],
    "varchar(5)": ["abc"],
    "char(5)": ["abc"],
    "bytea": [b"", b"\x00\xff\\'", bytearray(b"ab"), memoryview(b"cd")],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    "date": [dt.date.min, dt.date(2024, 2, 29), dt.date.max],
    "time": [dt.time(), dt.time(23, 59, 59, 999999)],
    "timetz": [dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))), dt.time(3)],
    "timestamp": [dt.datetime.min, dt.datetime.max, dt.datetime(2024, 3, 31, 2, 30)],  # noqa: DTZ001, DTZ901
    "timestamptz": [
        dt.datetime(2024, 10, 27, 2, 30),  # noqa: DTZ001 - without a zone it is of the session's
        dt.datetime(2024, 3, 31, 2, 30),  # noqa: DTZ001 - an hour that there is not
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        dt.datetime(1800, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=-3661))),
    ],
    "interval": [dt.timedelta(), dt.timedelta(-1, 5, 7), dt.timedelta(days=400, microseconds=1)],
    "inet": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_interface("10.0.0.1/8")],
    "jsonb": ['{"a": 1}', "[]"],
    "json": ['{"a": 1}'],
    "int4range": [Range(1, 5), Range(empty=True), Range(None, 3)],
    "tstzrange": [Range(dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None)],
    "daterange": [Range(dt.date(2024, 1, 1), dt.date(2024, 2, 1))],
    "int4multirange": [Multirange([Range(1, 2), Range(5, 9)]), Multirange()],
    "int[]": [[], [1, 2], [None, 3], [[1, 2], [3, 4]], [2**31 - 1]],
    "bigint[]": [[1, 2**60], [True - 1]],
    "text[]": [[], ["a,b", None, "NULL", "", '\\"'], [["a"], ["b"]], [Colour.RED.value]],
    "numeric[]": [[decimal.Decimal("1.5"), decimal.Decimal("NaN")]],
    "date[]": [[dt.date(2024, 1, 1), None]],
    "timestamp[]": [[dt.datetime(2024, 1, 1)]],  # noqa: DTZ001
    "timestamptz[]": [[dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None]],
    "uuid[]": [[uuid.UUID(int=7)], []],
    "bytea[]": [[b"\x00", None]],
    "boolean[]": [[True, None, False]],
    "interval[]": [[dt.timedelta(1)]],
}


def test_every_type_is_sent_as_psycopg_sends_it(pair: Pair) -> None:
    for name, values in VALUES.items():
        pair.same(name, *values)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_MOMENTS = st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29))  # noqa: DTZ001
_ZONES = st.timedeltas(dt.timedelta(hours=-15), dt.timedelta(hours=15)).map(
    lambda one: dt.timezone(dt.timedelta(minutes=one // dt.timedelta(minutes=1)))
)
_AWARE = st.builds(lambda moment, zone: moment.replace(tzinfo=zone), _MOMENTS, _ZONES)
_INTS = st.integers(-(2**31), 2**31 - 1)
_DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False).filter(lambda one: abs(one.adjusted()) < 400),
    st.sampled_from([decimal.Decimal(one) for one in ("NaN", "Infinity", "-Infinity", "1.10", "-0")]),
)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "integer": _INTS,
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "boolean": st.booleans(),
    "double precision": st.floats(),
    "numeric": _DECIMALS,
    "text": _TEXTS,
    "varchar": _TEXTS,
    "bytea": st.binary(max_size=9),
    "uuid": st.uuids(),
    "date": st.dates(),
    "time": st.times(),
    "timetz": st.builds(lambda time, zone: time.replace(tzinfo=zone), st.times(), _ZONES),
    "timestamp": _MOMENTS,
    "timestamptz": _AWARE,
    "interval": st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999)),
    "int[]": st.lists(st.none() | _INTS, max_size=4),
    "text[]": st.lists(st.none() | _TEXTS, max_size=4),
    "numeric[]": st.lists(st.none() | _DECIMALS, max_size=3),
    "timestamptz[]": st.lists(_AWARE | st.none(), max_size=3),
    "bytea[]": st.lists(st.binary(max_size=3), max_size=3),
    "int4range": st.builds(
        lambda low, size, bounds: Range(low, low + size, bounds),
        st.integers(-9, 9),
        st.integers(0, 9),
        st.sampled_from(["[]", "[)", "(]", "()"]),
    ),
}


_ROWS = st.tuples(*(st.none() | one for one in STRATEGIES.values()))


@_QUICK
@given(row=_ROWS)
def test_rows_come_back_as_they_come_back_from_psycopg(pair: Pair, row: tuple[Any, ...]) -> None:
    casts = ", ".join(f"${place}::{name}" for place, name in enumerate(STRATEGIES, 1))
    statement = access.Statement(f"SELECT {casts}")
    theirs = psycopg.RawCursor(pair.theirs).execute(f"SELECT {casts}".encode(), row).fetchall()
    assert repr(pair.ours.rows(statement, row)) == repr(theirs)
    (fresh,) = [pair.ours.rows(access.Statement(f"{statement.text} -- {next(_NUMBERS)}"), row)]
    assert repr(fresh) == repr(theirs)


@_QUICK
@given(rows=st.lists(_ROWS, max_size=5))
def test_rows_that_are_copied_in_are_those_that_were_given(pair: Pair, rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(f"c{place} {name}" for place, name in enumerate(STRATEGIES, 1))
    names = ", ".join(f"c{place}" for place, _ in enumerate(STRATEGIES, 1))
    places = ", ".join(f"${place}::{name}" for place, name in enumerate(STRATEGIES, 2))
    pair.theirs.execute(f"DROP TABLE IF EXISTS t; CREATE TABLE t (n int, {columns})".encode())
    given_rows = [(number, *row) for number, row in enumerate(rows)]
    assert pair.ours.copy_in("t", f"n, {names}", given_rows) == len(rows)
    insert = access.Statement(f"INSERT INTO t VALUES ($1 + 100, {places})", writes=True)
    assert pair.ours.many(insert, given_rows) == len(rows)
    found = pair.ours.rows(access.Statement(f"SELECT {names} FROM t ORDER BY n"))
    assert repr(found[: len(rows)]) == repr(found[len(rows) :])


def test_types_of_the_database(pair: Pair) -> None:
    pair.theirs.execute(
        """
        CREATE TYPE colour AS ENUM ('red', 'green, or so');
        CREATE DOMAIN positive AS int CHECK (VALUE > 0);
        CREATE DOMAIN more AS positive;
        CREATE DOMAIN moment AS timestamp;
        CREATE DOMAIN colours AS colour[];
        CREATE TYPE spans AS RANGE (subtype = float8);
        CREATE TYPE pair AS (a int, b text);
        CREATE EXTENSION citext;
        CREATE TABLE t (id int, c colour, cs colour[], p positive, ps more[], cc colours, s spans, ss spans[],
            r pair, ci citext, cis citext[], m moment)
        """
    )
    insert = access.Statement(
        "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) RETURNING *", writes=True
    )
    spans = Range(1.5, 2.5)
    row = (
        1,
        "red",
        ["red", None, "green, or so"],
        5,
        [1, 2],
        ["red"],
        spans,
        [spans],
        "(1,x)",
        "Ab",
        ["Ab"],
        None,
    )
    read = access.Statement("SELECT * FROM t")
    for _ in range(3):
        assert pair.ours.rows(insert, row) == [row]
        assert set(map(repr, pair.ours.rows(read))) == {repr(row)}
    nothing = (None,) * len(row)
    assert pair.ours.rows(insert, nothing) == [nothing]
    naive = dt.datetime(2024, 1, 1)  # noqa: DTZ001
    assert pair.ours.rows(insert, (*row[:-1], naive)) == [(*row[:-1], naive)]
    with pytest.raises(access.InvalidValue, match="zone"):
        pair.ours.rows(insert, (*row[:-1], naive.replace(tzinfo=dt.UTC)))
    with pytest.raises(access.InvalidValue):
        pair.ours.rows(insert, (1, "blue", *row[2:]))
    with pytest.raises(access.CheckViolation):
        pair.ours.rows(insert, (1, "red", [], -5, *row[4:]))
    # One that only now appears, on a session that knows others.
    pair.theirs.execute("CREATE TYPE late AS ENUM ('now')")
    assert pair.ours.rows(access.Statement("SELECT 'now'::late, ARRAY['now']::late[]")) == [("now", ["now"])]


@pytest.mark.parametrize(
    "sql",
    [
        "'infinity'::timestamptz",
        "'-infinity'::timestamp",
        "'infinity'::date",
        "'4000-01-01 BC'::date",
        "'24:00'::time",
        "'20000-01-01'::timestamp",
        "ARRAY['infinity']::date[]",
        "'1e99999'::jsonb",
    ],
)
def test_what_python_cannot_express_is_said(pair: Pair, sql: str) -> None:
    statement = access.Statement(f"SELECT {sql}")
    for _ in range(3):
        with pytest.raises(access.InvalidValue, match="Python has no value"):
            pair.ours.rows(statement)
    assert pair.ours.rows("SELECT 1") == [(1,)]


AWARE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", AWARE),
        ("time", dt.time(1, tzinfo=dt.UTC)),
        ("timestamp[]", [None, AWARE]),
        ("tsrange", Range(AWARE, None)),
        ("integer", 2**40),
        ("bigint", 2**70),
        ("integer", "x"),
        ("integer", 1.5),
        ("integer", True),
        ("text", "a\0b"),
        ("text", "\ud800"),
        ("text[]", ["a\0b"]),
        ("uuid", "no"),
        ("boolean", 7),
        ("integer", object()),
        ("jsonb", {"a": 1}),
        ("jsonb", "{"),
        ("date", "32.13.2024"),
        ("varchar", b"abc"),
    ],
)
def test_values_that_do_not_fit_are_refused(pair: Pair, name: str, value: Any) -> None:
    statement = access.Statement(f"SELECT $1::{name}")
    for parameter in (value, None, value):
        if parameter is None:
            assert pair.ours.rows(statement, (None,)) == [(None,)]
            continue
        with pytest.raises(access.InvalidValue):
            pair.ours.rows(statement, (parameter,))
    for parameters in ((), (1, 2)):
        with pytest.raises(access.InvalidValue, match="parameters"):
            pair.ours.rows(statement, parameters)


def test_a_copy_refuses_what_would_lose_its_zone(pair: Pair) -> None:
    pair.theirs.execute("CREATE TABLE t (a timestamp, b text)")
    for row in ((AWARE, "x"), (None, "a\0b"), (None,), (None, object())):
        with pytest.raises(access.InvalidValue):
            pair.ours.copy_in("t", "a, b", [(None, "ok"), row])
    assert pair.ours.copy_in("t", "a, b", [(None, "ok")]) == 1


def test_times_follow_the_sessions_zone(pair: Pair) -> None:
    read = access.Statement("SELECT '2024-07-01 12:00+00'::timestamptz")
    with pair.ours.transaction() as transaction:
        assert str(transaction.rows(read)[0][0]) == "2024-07-01 14:00:00+02:00"
        transaction.execute("SET LOCAL TimeZone = 'Asia/Kolkata'")
        for _ in range(2):
            assert str(transaction.rows(read)[0][0]) == "2024-07-01 17:30:00+05:30"
    assert str(pair.ours.rows(read)[0][0]) == "2024-07-01 14:00:00+02:00"


def test_other_styles_of_dates(pair: Pair) -> None:
    pair.theirs.execute("CREATE TABLE t (a date, b timestamptz, c interval)")
    row = (dt.date(2024, 2, 3), AWARE, dt.timedelta(days=-1, seconds=5))
    pair.ours.execute("ALTER ROLE CURRENT_USER SET DateStyle = 'SQL, DMY'")
    pair.ours.execute("ALTER ROLE CURRENT_USER SET IntervalStyle = 'sql_standard'")
    try:
        pair.ours.close()
        with sync.Database(f"{pair.theirs.info.dsn} user=postgres") as ours:
            insert = access.Statement("INSERT INTO t VALUES ($1, $2, $3) RETURNING a, b", writes=True)
            for _ in range(3):
                assert ours.rows(insert, row) == [row[:2]]
            ours.copy_in("t", "a, b, c", [row])
            assert ours.rows(access.Statement("SELECT DISTINCT a, b, extract(epoch FROM c) FROM t")) == [
                (*row[:2], decimal.Decimal("-86395.000000"))
            ]
    finally:
        pair.theirs.execute("ALTER ROLE CURRENT_USER RESET ALL")
