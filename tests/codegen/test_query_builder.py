"""The query builder: typed, always with parameters, the same on every engine."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.codegen.checkers import formatting, mypy, pyright, wrong_lines
from tests.codegen.places import PLACES, Built, Places, built, document, tried
from tests.codegen.shops import ATTACKS, ROWS, schema

from dbdeed.access import InvalidValue, LockTimeout, StatementFailed, query
from dbdeed.access.sync import Database as SyncDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USE = """
from __future__ import annotations

import datetime
import decimal

from dbdeed import access
from dbdeed.access import query
from dbdeed.access import sync
from NAME import Customer, NewCustomer, NewOrder, Order, OrderStatus
from NAME.tables import customers, orders


async def work(session: access.Session, plain: sync.Session) -> None:
    rows: list[Order] = await query.select(orders).where(orders.status == OrderStatus.PAID).all(session)
    same: list[Order] = query.select(orders).all(plain)
    one: Order | None = await query.select(orders).one(session)
    pairs: list[tuple[Order, Customer]] = await (
        query.select(orders, customers).join(customers, orders.customer_id == customers.id).all(session)
    )
    left: list[tuple[Customer, Order | None]] = await (
        query.select(customers, query.optional(orders))
        .left_join(orders, (orders.customer_id == customers.id) & (orders.total > decimal.Decimal(1)))
        .all(session)
    )
    names: list[str | None] = await query.select(customers.name).all(session)
    emails: list[tuple[str, int]] = await query.select(customers.email, customers.id).all(session)
    sums: list[tuple[OrderStatus, int, decimal.Decimal | None, datetime.datetime | None, float | None]] = await (
        query.select(orders.status, query.count(), orders.total.sum(), orders.placed_at.max(), orders.total.avg())
        .group_by(orders.status)
        .having(query.count() > 1, orders.total.sum() > decimal.Decimal(1))
        .order_by(orders.status, query.count().desc())
        .all(session)
    )
    changed: int = await query.update(orders).set(orders.total, decimal.Decimal(1)).where(orders.id == 1).run(session)
    gone: list[Order] = await query.delete(orders).where(orders.id.in_([1, 2])).all(session)
    mine = NewOrder(customer_id=1, total=decimal.Decimal(1), placed_at=datetime.datetime.now(datetime.UTC))
    new: Order | None = await query.insert(orders, mine).one(session)
    friends = query.alias(customers, "friends")
    known: list[str] = await (
        query.select(friends.email).join(customers, customers.referred_by == friends.id).distinct().all(session)
    )
    some = query.select(orders.customer_id).where(orders.total > decimal.Decimal(1))
    ordered: list[Customer] = await query.select(customers).where(customers.id.in_(some)).all(session)
    added: Customer | None = await (
        query.insert(customers, NewCustomer(email="a", name="b"))
        .on_conflict(customers.email)
        .set(customers.name, query.excluded(customers.name))
        .do_update(customers.id > 0)
        .one(session)
    )
    kinds: list[tuple[str, str | None]] = await (
        query.select(
            query.case(orders.total > decimal.Decimal(9), "dear").when(orders.pieces > 1, "many").otherwise("cheap"),
            query.case(orders.pieces > 1, "many").or_null(),
        ).all(session)
    )
    sure: list[str] = await query.select(customers.name.coalesce("nobody").lower()).all(session)
    ranked: list[tuple[int, int, decimal.Decimal | None, decimal.Decimal | None]] = await query.select(
        orders.id,
        query.row_number().over(partition_by=[orders.customer_id], order_by=[orders.total.desc()]),
        orders.total.sum().over(partition_by=[orders.customer_id]),
        query.lag(orders.total).over(order_by=[orders.id]),
    ).all(session)
    both: list[int] = await (
        query.select(orders.id).union(query.select(orders.customer_id)).order_by(-1).limit(3).all(session)
    )
    next_one: Order | None = await query.select(orders).for_update(skip_locked=True).limit(1).one(session)
    newest: list[tuple[Customer, datetime.datetime | None]] = await query.select(
        customers,
        query.select(orders.placed_at.max()).where(orders.customer_id == customers.id).value(),
    ).all(session)
    texts: list[str | None] = await query.select(customers.profile.json_text("a", 0)).all(session)
    print(added, kinds, sure, ranked, both, next_one, newest, texts)
    async for each in query.select(orders).stream(session):
        total: decimal.Decimal = each.total
        print(total)
    for other in query.select(orders.id).stream(plain):
        print(other + 1)
    print(rows, same, one, pairs, left, names, emails, sums, changed, gone, new, known, ordered)


async def misuse(session: access.Session) -> None:
    query.select(orders).where(orders.id == "1")  # wrong
    query.select(orders).where(orders.status == "paid")  # wrong
    query.select(orders).where(orders.total > 1.5)  # wrong
    query.select(orders).where(orders.id.in_(["1"]))  # wrong
    query.select(orders).where(orders.id.like("1%"))  # wrong
    query.select(orders).where(orders.customer_id == customers.email)  # wrong
    query.select(orders).where(orders.nothing == 1)  # wrong
    query.select(orders).where(orders.id.between(1, "2"))  # wrong
    query.update(orders).set(orders.total, "1")  # wrong
    query.update(orders).set(orders.total, None)  # wrong
    query.update(orders).set(orders.doubled, decimal.Decimal(1))  # wrong
    query.insert(orders, {"customer_id": 1})  # wrong
    query.insert(orders).on_conflict(orders.id)  # wrong
    query.select(orders.id).union(query.select(orders.status))  # wrong
    query.case(orders.id == 1, "a").when(orders.id == 2, 2)  # wrong
    customers.name.coalesce(1)  # wrong
    orders.total.lower()  # wrong
    query.select(query.row_number())  # wrong
    (await query.select(orders).one(session)).id  # wrong
    first: int = (await query.select(customers.email).all(session))[0]  # wrong
    print(first)
"""


@pytest.fixture(scope="module", params=PLACES)
def shop(
    request: pytest.FixtureRequest, places: Places, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    place = request.param
    text = document(place, schema(place), patterns="Query Builder")
    with built(places, place, text, tmp_path_factory.mktemp("builder"), ROWS) as found:
        yield found


def run(shop: Built, work: Callable[[Any, Any], Any]) -> None:
    tried(shop, "tables", work)


def test_selects(shop: Built) -> None:
    status = shop.package.OrderStatus

    async def work(t: Any, session: Any) -> None:
        o, c = t.orders, t.customers
        assert await query.select(o.id).where(o.status == status.PAID).order_by(o.id).all(session) == [1, 3]
        assert await query.select(o.id).where(~(o.status == status.PAID)).all(session) == [2]
        assert await query.select(o.id).where((o.id == 1) | (o.id > 2), o.id < 4).order_by(o.id.desc()).all(
            session
        ) == [3, 1]
        rows = await query.select(o).order_by(o.id).limit(2).all(session)
        assert [type(one) for one in rows] == [shop.package.Order] * 2
        assert (rows[0].total, rows[0].status, rows[0].doubled) == (
            Decimal("10.50"),
            status.PAID,
            Decimal(21),
        )
        assert await query.select(c.name).order_by(c.name).all(session) == ["Ann", "Cy", None]
        assert await query.select(c.name).order_by(c.name.desc()).all(session) == [None, "Cy", "Ann"]
        assert await query.select(c.id).where(c.name.is_null()).all(session) == [2]
        assert await query.select(c.id).where(c.name != "Ann").order_by(c.id).all(session) == [2, 3]
        assert await query.select(c.id).where(c.name.in_(["Ann", "Cy"])).order_by(c.id).all(session) == [1, 3]
        assert await query.select(c.id).where(c.name.in_([])).all(session) == []
        assert await query.select(c.email).where(c.email.like("a%")).all(session) == ["ann@example.org"]
        assert await query.select(c.id).where(c.email.starts_with("BO", ignore_case=True)).all(session) == [2]
        assert await query.select(c.id).where(c.active.is_true(), c.id.between(2, 3)).order_by(c.id).all(
            session
        ) == [2, 3]
        since = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        assert await query.select(o.placed_at).where(o.placed_at >= since).order_by(o.placed_at).limit(1).all(
            session
        ) == [dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)]
        assert await query.select(c.born).where(c.born == dt.date(1990, 1, 31)).one(session) == dt.date(
            1990, 1, 31
        )
        assert await query.select(o).where(o.id == 99).one(session) is None
        assert await query.select(o.id).where(o.id.in_([1, 2])).limit(0).all(session) == []

    run(shop, work)


def test_joins_and_subqueries(shop: Built) -> None:
    async def work(t: Any, session: Any) -> None:
        o, c = t.orders, t.customers
        pairs = await query.select(o, c.email).join(c, o.customer_id == c.id).order_by(o.id).all(session)
        assert [(one.id, email) for one, email in pairs] == [
            (1, "ann@example.org"),
            (2, "ann@example.org"),
            (3, "bo@example.org"),
        ]
        left = await (
            query.select(c, query.optional(o), o.total.optional())
            .left_join(o, o.customer_id == c.id)
            .order_by(c.id, o.id)
            .all(session)
        )
        assert [(one.id, order.id if order else None, total) for one, order, total in left] == [
            (1, 1, Decimal("10.50")),
            (1, 2, Decimal(5)),
            (2, 3, Decimal("7.25")),
            (3, None, None),
        ]
        friends = query.alias(c, 'my "friends"')
        known = query.select(friends.email).join(c, c.referred_by == friends.id).distinct()
        assert await known.all(session) == ["ann@example.org"]
        big = query.select(o.customer_id).where(o.total > Decimal(6))
        assert await query.select(c.id).where(c.id.in_(big)).order_by(c.id).all(session) == [1, 2]
        none = query.exists(query.select(o).where(o.customer_id == c.id))
        assert await query.select(c.id).where(~none).all(session) == [3]
        assert await query.select(c.id).where(none, c.id > 1).all(session) == [2]
        assert [one.name for one in await query.select(t.products).all(session)] == ["Pen"]

    run(shop, work)


def test_aggregates(shop: Built) -> None:
    status = shop.package.OrderStatus

    async def work(t: Any, session: Any) -> None:
        o = t.orders
        found = await (
            query.select(
                o.status, query.count(), o.total.sum(), o.pieces.sum(), o.total.max(), o.pieces.avg()
            )
            .where(o.id < 10)
            .group_by(o.status)
            .having(query.count() > 1)
            .order_by(query.count().desc())
            .limit(5)
            .all(session)
        )
        assert found == [(status.PAID, 2, Decimal("17.75"), 5, Decimal("10.50"), 2.5)]
        assert await query.select(query.count()).from_(o).where(o.id > 1).all(session) == [2]
        assert await query.select(o.customer_id.count(distinct=True)).all(session) == [2]
        assert await query.select(o.total.sum()).where(o.id > 99).all(session) == [None]

    run(shop, work)


def test_writes(shop: Built) -> None:
    status, new = shop.package.OrderStatus, shop.package.NewOrder
    at = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)

    async def work(t: Any, session: Any) -> None:
        o, c = t.orders, t.customers
        rows = [new(customer_id=3, total=Decimal(n), placed_at=at) for n in (1, 2)]
        made = await query.insert(o, *rows).all(session)
        assert [(one.total, one.status) for one in made] == [
            (Decimal(1), status.PENDING),
            (Decimal(2), status.PENDING),
        ]
        assert await query.insert(o, rows[0]).run(session) == 1
        paid = (
            query.update(o)
            .set(o.status, status.PAID)
            .set(o.pieces, o.pieces + 4)
            .where(o.customer_id == 3, o.total == Decimal(1))
        )
        assert {(one.status, one.pieces) for one in await paid.all(session)} == {(status.PAID, 5)}
        before = await query.select(c.version).where(c.id == 1).one(session)
        changed = (
            await query.update(c).set(c.name, None).set(c.profile, {"a": ["'"]}).where(c.id == 1).one(session)
        )
        assert (changed.name, changed.profile, changed.version) == (None, {"a": ["'"]}, before + 1)
        gone = await query.delete(o).where(o.customer_id == 3).all(session)
        assert len(gone) == 3
        assert await query.update(o).set(o.pieces, 1).everywhere().run(session) == 3
        assert await query.delete(o).where(o.id == 99).run(session) == 0

    run(shop, work)


def test_streams_and_sync(shop: Built) -> None:
    o = shop.module("tables").orders

    async def work(_: Any, session: Any) -> None:
        async with aclosing(query.select(o.id).order_by(o.id).stream(session, batch=1)) as found:
            assert [one async for one in found] == [1, 2, 3]

    run(shop, work)
    with SyncDatabase(shop.address) as database:
        assert query.select(o.id).order_by(o.id).all(database) == [1, 2, 3]
        assert list(query.select(o.id).order_by(o.id).stream(database)) == [1, 2, 3]
        assert query.update(o).set(o.pieces, o.pieces).where(o.id == 1).run(database) == 1


def test_arrays(shop: Built) -> None:
    if shop.dialect != "postgresql":
        pytest.skip("PostgreSQL's own")

    async def work(t: Any, session: Any) -> None:
        o = t.orders
        await query.update(o).set(o.tags, ["a", "b"]).where(o.id == 1).run(session)
        assert await query.select(o.tags).where(o.tags.contains(["a"])).all(session) == [["a", "b"]]
        assert await query.select(o.id).where(o.tags.overlaps(["b", "z"])).all(session) == [1]
        assert await query.select(o.id).where(o.tags.overlaps([])).all(session) == []

    run(shop, work)


def test_json(shop: Built) -> None:
    async def work(t: Any, session: Any) -> None:
        c = t.customers
        profile = {"a": 1, "b": [True, None, 2.5, "x'y"], "c d": {"e": [1, 2]}}
        await query.update(c).set(c.profile, profile).where(c.id == 1).run(session)
        part: Any
        for part in ({"a": 1}, {"b": ["x'y", True]}, {"c d": {"e": [2]}}, {}, {"a": 1.0}):
            assert await query.select(c.id).where(c.profile.contains_json(part)).all(session) == [1], part
        for part in ({"a": True}, {"a": "1"}, {"b": [False]}, {"e": [1]}, [1], {"c d": {"e": 1}}):
            assert await query.select(c.id).where(c.profile.contains_json(part)).all(session) == [], part
        found = query.select(
            *(
                c.profile.json_text(*path)
                for path in (("a",), ("b", 0), ("b", 1), ("b", 2), ("b", 3), ("c d", "e", 1))
            )
        ).where(c.id == 1)
        assert await found.all(session) == [("1", "true", None, "2.5", "x'y", "2")]
        assert await query.select(c.profile.json_text("nothing", 7)).where(c.id == 1).all(session) == [None]
        assert await query.select(c.id).where(c.profile.json_text("b", 3) == "x'y").all(session) == [1]
        assert await query.select(c.id).where(c.profile.json_text("b", 3).coalesce("") != "z").order_by(
            c.id
        ).all(session) == [1, 2, 3]

    run(shop, work)


def test_conflicts(shop: Built) -> None:
    new = shop.package.NewCustomer

    async def work(t: Any, session: Any) -> None:
        c = t.customers
        await query.insert(c, new(email="x", name="X")).run(session)
        again = query.insert(c, new(email="x", name="Y", born=dt.date(2000, 1, 1)))
        other = new(email="y")
        assert await again.on_conflict(c.email).do_nothing().all(session) == []
        assert await again.on_conflict().do_nothing().run(session) == 0
        assert (
            await query.insert(c, other, new(email="x")).on_conflict(c.email).do_nothing().run(session) == 1
        )
        changed = await again.on_conflict(c.email).do_update().one(session)
        assert (changed.name, changed.born, changed.version) == ("Y", dt.date(2000, 1, 1), 2)
        longer = again.on_conflict(c.email).set(c.name, query.excluded(c.name).upper().coalesce("?"))
        assert (await longer.do_update().one(session)).name == "Y"
        told = again.on_conflict(c.email).set(c.name, "Z").set(c.version, c.version + 10)
        found = await told.do_update(c.name == "Y").one(session)
        assert (found.name, found.version, found.born) == ("Z", 13, dt.date(2000, 1, 1))
        assert await told.do_update(c.name == "Y").one(session) is None
        await query.delete(c).where(c.email.in_(["x", "y"])).run(session)
        await session.execute("CREATE UNIQUE INDEX part ON customers (lower(name)) WHERE born IS NULL")
        part = query.insert(c, new(email="z", name="cY")).on_conflict(c.name.lower(), among=c.born.is_null())
        found = await part.do_update().one(session)
        assert (found.id, found.email, found.name) == (3, "z", "cY")
        await query.update(c).set(c.email, "cy@example.org").set(c.name, "Cy").where(c.id == 3).run(session)
        await session.execute("DROP INDEX part")

    run(shop, work)
    c, o = shop.module("tables").customers, shop.module("tables").orders
    insert = query.insert(c, new(email="x"))
    with pytest.raises(StatementFailed, match="unique key"):
        str(insert.on_conflict().do_update())
    with pytest.raises(StatementFailed, match="do_nothing"):
        str(insert.on_conflict(c.email).do_update())
    with pytest.raises(StatementFailed, match="own columns"):
        insert.on_conflict(o.id)
    with pytest.raises(StatementFailed, match="own columns"):
        str(insert.on_conflict(c.email).set(o.pieces, 1).do_update())


def test_case_and_functions(shop: Built) -> None:
    status = shop.package.OrderStatus

    async def work(t: Any, session: Any) -> None:
        o, c = t.orders, t.customers
        kind = query.case(o.total > Decimal(9), "dear").when(o.pieces > 2, "many").otherwise("cheap")
        assert await query.select(kind).from_(o).order_by(o.id).all(session) == ["dear", "cheap", "many"]
        assert await query.select(query.count()).from_(o).where(kind == "cheap").all(session) == [1]
        assert await query.select(kind, query.count()).from_(o).group_by(kind).order_by(kind).all(session) == [
            ("cheap", 1), ("dear", 1), ("many", 1),
        ]  # fmt: skip
        values = (
            1, 2.5, "x", True, Decimal("1.50"), dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), b"\0",
            uuid.UUID(int=7),
        )  # fmt: skip
        for value in values:
            made = await query.select(query.value(value)).from_(o).limit(1).one(session)
            assert (made, type(made)) == (value, type(value))
        assert await query.select(query.case(o.id == 1, Decimal(3)).or_null()).from_(o).order_by(o.id).all(session) == [
            Decimal(3), None, None,
        ]  # fmt: skip
        assert await query.select(query.case(o.id == 1, o.status).otherwise(o.status)).order_by(o.id).all(session) == [
            status.PAID, status.PENDING, status.PAID,
        ]  # fmt: skip
        assert await query.select(c.name.coalesce("?").lower(), c.email.upper()).order_by(c.id).limit(2).all(session) == [
            ("ann", "ANN@EXAMPLE.ORG"), ("?", "BO@EXAMPLE.ORG"),
        ]  # fmt: skip
        assert await query.select(o.pieces * o.pieces + o.customer_id).order_by(o.id).all(session) == [
            5,
            2,
            11,
        ]
        paid = query.case(o.status == status.PAID, o.total).or_null().sum()
        assert await query.select(o.customer_id, paid).group_by(o.customer_id).order_by(o.customer_id).all(session) == [
            (1, Decimal("10.50")), (2, Decimal("7.25")),
        ]  # fmt: skip

    run(shop, work)
    with pytest.raises(StatementFailed, match="alone"):
        query.value(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - this is the fault
    with pytest.raises(StatementFailed, match="alone"):
        query.value(status.PAID)


def test_windows(shop: Built) -> None:
    async def work(t: Any, session: Any) -> None:
        o = t.orders
        found = await (
            query.select(
                o.id,
                query.row_number().over(partition_by=[o.customer_id], order_by=[o.total]),
                query.rank().over(order_by=[o.status]),
                query.dense_rank().over(order_by=[o.customer_id.desc()]),
                o.total.sum().over(partition_by=[o.customer_id]),
                o.total.sum().over(order_by=[o.id]),
                query.lag(o.total).over(order_by=[o.id]),
                query.lead(o.placed_at, 2).over(order_by=[o.id]),
            )
            .order_by(o.id)
            .all(session)
        )
        assert [row[:1] + row[3:6] for row in found] == [
            (1, 2, Decimal("15.50"), Decimal("10.50")),
            (2, 2, Decimal("15.50"), Decimal("15.50")),
            (3, 1, Decimal("7.25"), Decimal("22.75")),
        ]
        assert await query.select(o.id, query.count().over()).where(o.id > 1).order_by(o.id).all(session) == [
            (2, 2), (3, 2),
        ]  # fmt: skip
        assert [row[1] for row in found] == [2, 1, 1]
        assert sorted(row[2] for row in found) in ([1, 1, 3], [1, 2, 2])
        assert [row[6] for row in found] == [None, Decimal("10.50"), Decimal(5)]
        assert [row[7] for row in found] == [dt.datetime(2026, 1, 3, 12, tzinfo=dt.UTC), None, None]

    run(shop, work)
    o = shop.module("tables").orders
    with pytest.raises(StatementFailed, match="window"):
        o.total.over()


def test_queries_together(shop: Built) -> None:
    async def work(t: Any, session: Any) -> None:
        o, c = t.orders, t.customers
        ids, customers = query.select(o.id).where(o.id > 1), query.select(o.customer_id)
        assert await ids.union(customers).order_by(1).all(session) == [1, 2, 3]
        assert await ids.union_all(customers).order_by(-1).limit(3).all(session) == [3, 2, 2]
        assert await ids.intersect(customers).all(session) == [2]
        assert await ids.except_(customers).all(session) == [3]
        newest = query.select(o.id).order_by(o.id.desc()).limit(1)
        assert await newest.union(query.select(o.id).order_by(o.id).limit(1)).order_by(1).all(session) == [
            1,
            3,
        ]
        assert await ids.union(customers).except_(newest).order_by(1).all(session) == [1, 2]
        assert await ids.except_(customers.except_(query.select(o.id).where(o.id == 2))).order_by(1).all(
            session
        ) == [2, 3]
        assert await query.select(c.id).where(c.id.in_(ids.union(customers))).order_by(c.id).all(session) == [
            1,
            2,
            3,
        ]
        assert await query.select(c.id).where(query.exists(ids.intersect(query.select(c.id)))).order_by(
            c.id
        ).all(session) == [1, 2, 3]
        rows = query.select(o).where(o.id == 1)
        assert [one.total for one in await rows.union_all(query.select(o).where(o.id == 2)).order_by(1).all(session)] == [
            Decimal("10.50"), Decimal(5),
        ]  # fmt: skip
        last = query.select(o.placed_at).where(o.customer_id == c.id).order_by(o.placed_at.desc()).value()
        assert await query.select(c.id, last).order_by(c.id).all(session) == [
            (1, dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)),
            (2, dt.datetime(2026, 1, 3, 12, tzinfo=dt.UTC)),
            (3, None),
        ]

    run(shop, work)
    o = shop.module("tables").orders
    with pytest.raises(StatementFailed, match="one column"):
        query.select(o.id, o.pieces).value()
    with pytest.raises(StatementFailed, match="from 1"):
        query.select(o.id).union(query.select(o.id)).order_by(0)


def test_rows_are_locked(shop: Built) -> None:
    t = shop.module("tables")
    o, c = t.orders, t.customers
    if shop.dialect == "sqlite":
        with pytest.raises(StatementFailed, match="locks no rows"):
            str(query.select(o).for_update())
        return
    with SyncDatabase(shop.address) as database:
        first = query.select(o.id).order_by(o.id).limit(1)
        with database.transaction() as one, database.transaction() as other:
            assert first.for_update().all(one) == [1]
            assert first.for_update(skip_locked=True).all(other) == [2]
            with pytest.raises(LockTimeout), other.transaction() as part:
                first.for_share(no_wait=True).all(part)
            assert query.select(o.id, c.name).join(c, o.customer_id == c.id).where(o.id == 3).for_share(
                of=o
            ).all(other) == [(3, None)]
        statement, _ = first.for_update().compose()
        assert statement.writes  # no replica can do it
    with pytest.raises(StatementFailed, match="not both"):
        first.for_update(skip_locked=True, no_wait=True)
    with pytest.raises(StatementFailed, match="does not read it"):
        str(first.for_update(of=c))


def test_sql_is_shown_with_placeholders(shop: Built) -> None:
    o = shop.module("tables").orders
    found = query.select(o.id).where(o.total > Decimal(5), o.status == shop.package.OrderStatus.PAID).limit(3)
    marks = ("$1", "$2", "$3") if shop.dialect == "postgresql" else ("?1", "?2", "?3")
    assert str(found) == (
        f"SELECT orders.id FROM orders WHERE orders.total > {marks[0]} AND orders.status = {marks[1]} LIMIT {marks[2]}"
    )
    assert found.parameters == [Decimal(5), "paid", 3]


def test_mistakes_are_said(shop: Built) -> None:
    t = shop.module("tables")
    o, c = t.orders, t.customers
    for made, said in (
        (query.select(o).where(c.id == 1), "does not read it"),
        (query.select(c, o).left_join(o, o.customer_id == c.id), "optional"),
        (query.select(c.id, o.total).left_join(o, o.customer_id == c.id), "optional"),
        (query.select(o).join(o, o.id == o.id), "alias"),
        (query.select(query.count()), "from_"),
        (query.delete(o), "everywhere"),
        (query.update(o).set(o.pieces, 1), "everywhere"),
        (query.update(o).where(o.id == 1), "set"),
        (query.update(o).set(c.name, "x").where(o.id == 1), "own columns"),
    ):
        with pytest.raises(StatementFailed, match=said):
            str(made)
    with pytest.raises(StatementFailed):
        query.select(o).limit(-1)
    with pytest.raises(TypeError, match="&"):
        query.select(o).where(o.id == 1 and o.id == 2)


@pytest.mark.parametrize("attack", ATTACKS)
def test_strings_stay_data(shop: Built, attack: str) -> None:
    new = shop.package.NewCustomer

    async def work(t: Any, session: Any) -> None:
        c = t.customers
        made = await query.insert(c, new(email=attack, name=attack, profile={attack: [attack]})).one(session)
        assert (made.email, made.name, made.profile) == (attack, attack, {attack: [attack]})
        for condition in (
            c.email == attack,
            c.email.in_([attack]),
            c.email.between(attack, attack),
            c.email.starts_with(attack),
            c.email.ends_with(attack),
            c.email.includes(attack),
        ):
            found = query.select(c.id).where(condition)
            assert await found.all(session) == [made.id]
            assert attack not in str(found)
        for expression in (
            query.case(c.email == attack, attack).otherwise("x"),
            query.value(attack),
            query.select(query.value(attack)).from_(c).value(),
            c.name.coalesce(attack),
        ):
            shown = query.select(expression).from_(c).where(c.id == made.id)
            assert await shown.all(session) == [attack]
            assert attack not in str(shown)
        inner = query.select(c.profile.json_text(attack, 0)).where(c.id == made.id)
        if shop.dialect == "sqlite" and {'"', "\\"} & {*attack}:
            with pytest.raises(InvalidValue):
                str(inner)
        else:
            assert await inner.all(session) == [attack]
            assert attack not in str(inner)
        again = (
            query.insert(c, new(email=attack, name="x")).on_conflict(c.email).set(c.name, attack).do_update()
        )
        assert (await again.one(session)).name == attack
        assert attack not in str(again)
        assert (
            await query.select(c.email)
            .union(query.select(query.value(attack)).from_(c))
            .limit(9)
            .all(session)
        )
        named = query.alias(c, attack)
        assert await query.select(named.id).where(named.email == attack).all(session) == [made.id]
        changed = await query.update(c).set(c.name, attack).where(c.email == attack).all(session)
        assert [one.name for one in changed] == [attack]
        assert await query.delete(c).where(c.email == attack).run(session) == 1
        assert await query.select(query.count()).from_(c).all(session) == [3]

    run(shop, work)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=8))
def test_any_text_is_found_again(shop: Built, text: str) -> None:
    t = shop.module("tables")
    c = t.customers
    with SyncDatabase(shop.address) as database, database.transaction() as session:
        made: Any = query.insert(c, shop.package.NewCustomer(email=text)).one(session)
        assert made.email == text
        for condition in (c.email == text, c.email.starts_with(text), c.email.in_([text])):
            found = query.select(c.id).where(condition)
            assert found.all(session) == [made.id]
            assert str(found) == str(query.select(c.id).where(type(condition)(condition.write)))
        query.delete(c).where(c.email == text).run(session)


def test_formatted_and_strictly_typed(shop: Built) -> None:
    if shop.place == "postgresql-15":
        pytest.skip("it is the same text on 18")
    assert formatting(shop.folder) == ""
    folder = shop.folder.parent
    code = USE.replace("NAME", shop.name)
    (folder / "use.py").write_text(code)
    for said in (mypy(folder), pyright(folder)):
        if said is not None:
            assert [one for one in said if one[0] != "use.py"] == []
            assert wrong_lines(code, said, "use.py") == (set(), set())
