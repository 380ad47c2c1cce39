"""From a real catalog: what an engine describes is generated, and every type goes in and comes back."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import ipaddress
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.range import Range

from dbdeed import access
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.models.model import DataModel

D = decimal.Decimal
UTC = dt.UTC
POSTGRESQL: dict[str, list[Any]] = {
    "smallint": [-(2**15), 0, 2**15 - 1],
    "bigint": [2**63 - 1, 1],
    "real": [1.5],
    "double precision": [0.1, float("inf")],
    "numeric(12,2)": [D("12345678.90"), D("-0.01")],
    "numeric": [D("0.12345678901234567890123456789"), D(10) ** 30],
    "boolean": [True, False],
    "text": ["", 'it\'s "é"\n\\'],
    "varchar(5)": ["abcde"],
    "char(3)": ["abc"],
    "bytea": [b"", b"\x00\xff\\"],
    "date": [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "time": [dt.time(23, 59, 59, 999999)],
    "timestamp": [dt.datetime(2026, 2, 28, 1, 2, 3, 4)],  # noqa: DTZ001
    "timestamptz": [dt.datetime(2026, 2, 28, 1, 2, 3, 4, UTC)],
    "interval": [dt.timedelta(days=3, seconds=4, microseconds=5)],
    "uuid": [uuid.UUID(int=2**128 - 1)],
    "inet": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_interface("2001:db8::1/64")],
    "cidr": [ipaddress.ip_network("10.0.0.0/8")],
    "jsonb": [{"a": [1, None, "x"]}, [], "x", 1.5, True],
    "json": [{"é": 1}],
    "jsonb[]": [[{"a": 1}, "x", None, 2], []],
    "text[]": [["a", "{b,c}", 'd"'], []],
    "bigint[]": [[1, 2**40], []],
    "uuid[]": [[uuid.UUID(int=1)]],
    "timestamptz[]": [[dt.datetime(2026, 1, 1, tzinfo=UTC)]],
    "mood": ["so so"],
    "mood[]": [["good", "so so"], []],
    "posint": [7],
    "money": ["$1.50"],
    "point": ["(1,2)"],
    "tsvector": ["'a' 'b'"],
    "bit(3)": ["101"],
    "int4range": [Range(1, 5)],
    "posint[]": [[1, 2], []],
    "posints": [[1, 2], []],
    "far[]": [["x"], []],
}
SQLITE: dict[str, list[Any]] = {
    "INTEGER": [2**63 - 1, -1],
    "REAL": [1.5, 2.0],
    "TEXT": ["", 'it\'s "é"\n\\', "12"],
    "BLOB": [b"", b"\x00\xff"],
    "BOOLEAN": [True, False],
    "NUMERIC(12,2)": [D("12345678.90"), D("-0.01"), D(3)],
    "DATE": [dt.date(1, 1, 1)],
    "TIME": [dt.time(23, 59, 59, 999999)],
    "TIMESTAMP": [dt.datetime(2026, 2, 28, 1, 2, 3, 4)],  # noqa: DTZ001
    "TIMESTAMP WITH TIME ZONE": [dt.datetime(2026, 2, 28, 1, 2, 3, 4, UTC)],
    "UUID": [uuid.UUID(int=2**128 - 1)],
    "JSON": [{"a": [1, None, "x"]}, [], "x", "12", 12, 1.5, True],
}


def _described(address: str, system: System) -> DataModel:
    engine = engine_for(system)
    session = engine.connect(Target(address, "test"))
    try:
        return engine.describe(engine.inspect(session))
    finally:
        session.close()


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_every_type_goes_in_and_comes_back(
    kind: str,
    request: pytest.FixtureRequest,
    load: Callable[[DataModel], Any],
    run_sql: Callable[[str, str], None],
) -> None:
    address: str = request.getfixturevalue(kind)
    types: dict[str, list[Any]] = POSTGRESQL if kind == "postgresql" else SQLITE
    if kind == "postgresql":
        run_sql(address, "CREATE TYPE mood AS ENUM ('good', 'so so')")
        run_sql(address, "CREATE DOMAIN posint AS integer CHECK (VALUE > 0)")
        run_sql(
            address,
            "CREATE DOMAIN posints AS posint[]; CREATE DOMAIN near AS text; CREATE DOMAIN far AS near",
        )
    columns = ", ".join(f"c{n} {type_name}" for n, type_name in enumerate(types))
    run_sql(address, f"CREATE TABLE things (id INTEGER PRIMARY KEY, {columns})")
    package = load(_described(address, System.POSTGRESQL if kind == "postgresql" else System.SQLITE))

    async def drive() -> None:
        async with access.Database(address) as database:
            things = package.ThingRepository(database)
            number = 0
            for place, (type_name, values) in enumerate(types.items()):
                for value in [*values, None]:
                    number += 1
                    row = await things.insert(package.NewThing(id=number, **{f"c{place}": value}))
                    found = getattr(row, f"c{place}")
                    assert (type_name, found, type(found)) == (type_name, value, type(found))
                    if isinstance(
                        value, bool | int | float | str | D | dt.date | dt.time | uuid.UUID | bytes
                    ):
                        assert isinstance(found, type(value)), type_name
                        assert not isinstance(found, float) or not isinstance(value, D), type_name
                    assert await things.get(number) == row
                    again = await things.update(number, package.ThingChanges(**{f"c{place}": value}))
                    assert again == row
                await _asked(things, package, f"c{place}", values)

    asyncio.run(drive())


async def _asked(things: Any, package: Any, name: str, values: list[Any]) -> None:
    """Every value can be asked for, alone and in a list, and sorted by, where its type allows."""
    asked = package.ThingFilter.__annotations__.get(name)
    if "Condition" in str(asked) and "Json" not in str(asked):
        for value in values:
            assert await things.count(**{name: value}) >= 1
            assert await things.count(**{name: access.any_of([value])}) >= 1
            assert await things.count(**{name: access.ne(value)}) >= 1
        if values:
            found = await things.list(**{name: access.any_of([*values, None])})
            assert len(found) == await things.count()
    if name in str(package.ThingSort):
        for order in (name, f"-{name}"):
            whole = await things.list(order)
            page = await things.page(order, first=2)
            pages = [*page]
            while page.next:
                page = await things.page(order, first=2, after=page.next)
                pages += page
            assert pages == whole, name


def test_links_and_enums_of_a_real_catalog(
    postgresql: str, load: Callable[[DataModel], Any], run_sql: Callable[[str, str], None]
) -> None:
    run_sql(
        postgresql,
        """
        CREATE SCHEMA "Odd one";
        CREATE TYPE "Odd one"."a state" AS ENUM ('on', 'off');
        CREATE TABLE "Odd one".articles (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), state "Odd one"."a state" NOT NULL DEFAULT 'on',
            states "Odd one"."a state"[] NOT NULL DEFAULT '{}'
        );
        CREATE TABLE labels (name text PRIMARY KEY);
        CREATE TABLE article_labels (
            article_id uuid REFERENCES "Odd one".articles, label text REFERENCES labels, PRIMARY KEY (article_id, label)
        );
        """,
    )
    package = load(_described(postgresql, System.POSTGRESQL))

    async def drive() -> None:
        async with access.Database(postgresql) as database:
            articles, labels = package.ArticleRepository(database), package.LabelRepository(database)
            state = next(getattr(package, name) for name in package.__all__ if name.endswith("State"))
            one = await articles.insert(package.NewArticle(states=[state.OFF, state.ON]))
            assert (one.state, one.states) == (state.ON, [state.OFF, state.ON])
            assert (await articles.update(one.id, package.ArticleChanges(state=state.OFF))).state is state.OFF
            await labels.insert(package.NewLabel(name="x"))
            assert await articles.add_label(one.id, "x")
            assert (await articles.list_by_label(["x", "y"])) == {"x": [await articles.get(one.id)], "y": []}
            assert [row.name for row in (await labels.list_by_article_id([one.id]))[one.id]] == ["x"]

    asyncio.run(drive())
