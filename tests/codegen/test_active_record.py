"""Active Record: objects that know their operations, on every engine, with and without asyncio."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.codegen.checkers import formatting, mypy, pyright, wrong_lines
from tests.codegen.places import PLACES, Built, Places, built, document, tried
from tests.codegen.shops import ATTACKS, ROWS, schema

from dbdeed.access import NotFound, StaleRow, UniqueViolation
from dbdeed.access.sync import Database as SyncDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USE = """
from __future__ import annotations

import decimal
from collections.abc import Sequence

from dbdeed import access
from dbdeed.access import sync
from NAME import OrderStatus
from NAME.records import Customer, Order
from NAME.sync import records as plain


async def work(session: access.Session, other: sync.Session) -> None:
    customer: Customer = await Customer.get(session, 1)
    customer = await customer.update(session, name="Ann")
    orders: Sequence[Order] = await customer.orders(session)
    owner: Customer = await orders[0].customer(session)
    pairs: Sequence[tuple[Order, Customer]] = await Order.with_customer(session, orders)
    paid: Sequence[Order] = await Order.list(session, "-total", status=OrderStatus.PAID, limit=3)
    gone: bool = await paid[0].delete(session)
    same: plain.Customer | None = plain.Customer.find_by_email(other, "a")
    print(owner, pairs, gone, same)


async def misuse(session: access.Session) -> None:
    order = await Order.get(session, "1")  # wrong
    await order.update(session, total="1")  # wrong
    await order.update(session, doubled=decimal.Decimal(1))  # wrong
    await order.update(session, nothing=1)  # wrong
    order.total = decimal.Decimal(1)  # wrong
    await Order.create(session, customer_id=1)  # wrong
    (await order.customer(session)).nothing  # wrong
"""


@pytest.fixture(scope="module", params=PLACES)
def shop(
    request: pytest.FixtureRequest, places: Places, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    place = request.param
    text = document(place, schema(place), patterns="Active Record")
    with built(places, place, text, tmp_path_factory.mktemp("records"), ROWS) as found:
        yield found


def run(shop: Built, work: Callable[[Any, Any], Any]) -> None:
    tried(shop, "records", work)


def test_reads(shop: Built) -> None:
    status = shop.package.OrderStatus

    async def work(r: Any, session: Any) -> None:
        ann = await r.Customer.get(session, 1)
        assert type(ann) is r.Customer
        assert isinstance(ann, shop.package.Customer)
        assert ann.born == dt.date(1990, 1, 31)
        with pytest.raises(NotFound):
            await r.Customer.get(session, 99)
        assert await r.Customer.find(session, 99) is None
        assert (await r.Customer.find_by_email(session, "bo@example.org")).id == 2
        assert [one.id for one in await r.Order.list(session, "-total", status=status.PAID)] == [1, 3]
        assert await r.Order.count(session) == 3
        assert await r.Order.exists(session, customer_id=3) is False

    run(shop, work)


def test_changes(shop: Built) -> None:
    status = shop.package.OrderStatus
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

    async def work(r: Any, session: Any) -> None:
        made = await r.Order.create(session, customer_id=3, total=Decimal("1.50"), placed_at=at)
        assert (made.status, made.doubled, made.pieces) == (status.PENDING, Decimal(3), 1)
        paid = await made.update(session, status=status.PAID)
        assert (paid.status, paid.total, made.status) == (status.PAID, Decimal("1.50"), status.PENDING)
        many = await msgspec.structs.replace(paid, pieces=7, total=Decimal(2)).save(session)
        assert (many.pieces, many.doubled) == (7, Decimal(4))
        assert await made.refresh(session) == many
        assert await many.delete(session) is True
        assert await many.delete(session) is False
        with pytest.raises(NotFound):
            await many.update(session, pieces=1)
        with pytest.raises(AttributeError):
            many.pieces = 8

    run(shop, work)


def test_a_row_that_was_changed_meanwhile_is_not_overwritten(shop: Built) -> None:
    async def work(r: Any, session: Any) -> None:
        first = await r.Customer.get(session, 1)
        second = await r.Customer.get(session, 1)
        changed = await first.update(session, name="A")
        assert changed.version == first.version + 1
        with pytest.raises(StaleRow):
            await second.update(session, name="B")
        with pytest.raises(StaleRow):
            await second.delete(session)

    run(shop, work)


def test_relationships(shop: Built) -> None:
    async def work(r: Any, session: Any) -> None:
        ann = await r.Customer.get(session, 1)
        orders = await ann.orders(session)
        assert {type(one) for one in orders} == {r.Order}
        assert [one.id for one in sorted(orders, key=lambda one: one.id)] == [1, 2]
        assert await orders[0].customer(session) == ann
        every = await r.Order.list(session)
        pairs = await r.Order.with_customer(session, every)
        assert [(one.id, owner.id) for one, owner in sorted(pairs, key=lambda pair: pair[0].id)] == [
            (1, 1),
            (2, 1),
            (3, 2),
        ]
        everybody = await r.Customer.list(session)
        assert [len(found) for _, found in await r.Customer.with_orders(session, everybody)] == [2, 1, 0]
        bo = await r.Customer.get(session, 2)
        assert await bo.referred_by_row(session) == ann
        assert await ann.referred_by_row(session) is None
        order = await r.Order.get(session, 1)
        products = await order.products(session)
        assert [one.name for one in products] == ["Pen"]
        assert await order.remove_product(session, products[0].id) is True
        assert await order.add_product(session, products[0].id) is True
        assert await order.add_product(session, products[0].id) is False
        assert [one.id for one in await products[0].orders(session)] == [1]

    run(shop, work)


def test_without_asyncio(shop: Built) -> None:
    records = shop.module("sync.records")
    with SyncDatabase(shop.address) as database:
        product = records.Product.create(database, id=uuid.uuid4(), name="Ink")
        assert product.update(database, name="Blue ink").name == "Blue ink"
        assert product.delete(database)
        assert records.Customer.get(database, 1).orders(database)[0].customer(database).name == "Ann"
        with pytest.raises(UniqueViolation):
            records.Customer.create(database, email="bo@example.org")


@pytest.mark.parametrize("attack", ATTACKS)
def test_strings_stay_data(shop: Built, attack: str) -> None:
    async def work(r: Any, session: Any) -> None:
        made = await r.Customer.create(session, email=attack, profile={attack: attack})
        assert (await r.Customer.find_by_email(session, attack)) == made
        assert (await made.update(session, name=attack)).name == attack
        assert await r.Customer.count(session) == 4

    run(shop, work)


def test_methods_step_aside_for_columns(places: Places, tmp_path: Any) -> None:
    sql = 'CREATE TABLE things (id INTEGER PRIMARY KEY, "update" TEXT, "get" TEXT, session TEXT, "list" TEXT, things TEXT);'
    text = document("sqlite", sql, patterns="Active Record")
    with built(places, "sqlite", text, tmp_path) as shop:
        records = shop.module("sync.records")
        assert formatting(shop.folder) == ""
        assert mypy(shop.folder.parent) == []
        with SyncDatabase(shop.address) as database:
            made = records.Thing.create(database, update="u", get="g", session="s")
            assert made.update_(database, get="x").get == "x"
            assert records.Thing.get_(database, made.id).session == "s"


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
