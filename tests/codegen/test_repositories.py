"""Every operation of generated repositories, on both engines, with and without asyncio.

Each test is written once, asynchronously; `both` runs it as it is, and in the form that the generator's own
derivation makes of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import inspect
import textwrap
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed import access
from dbdeed.codegen.unasync import to_sync

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dbdeed.models.model import DataModel

D = decimal.Decimal


def both(test: Callable[[Any, Any], Awaitable[None]]) -> Any:
    """A test of (the package, an open database), run in both worlds."""

    @pytest.mark.parametrize("world", ["async", "sync"])
    def run(world: str, load: Callable[[DataModel], Any], data_model: DataModel, shop_address: str) -> None:
        package = load(data_model)
        if world == "async":

            async def drive() -> None:
                async with access.Database(shop_address) as database:
                    await test(package, database)

            asyncio.run(drive())
            return
        from importlib import import_module

        from dbdeed.access import sync

        source = textwrap.dedent(inspect.getsource(test)).partition("\n")[2]
        names: dict[str, Any] = {**test.__globals__}
        exec(compile(f"from __future__ import annotations\n{to_sync(source)}", __file__, "exec"), names)
        derived = import_module(f"{package.__name__}.sync")
        for name in package.__all__:
            if not hasattr(derived, name):
                setattr(derived, name, getattr(package, name))
        with sync.Database(shop_address) as database:
            names[test.__name__](derived, database)

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


@both
async def test_insert_gives_the_row_as_the_database_has_it(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    born = dt.date(1980, 2, 29)
    ann = await customers.insert(
        shop.NewCustomer(email="ann@example.org", profile={"a": [1, "x", None]}, born=born)
    )
    assert ann == await customers.get(ann.id)
    assert (ann.email, ann.name, ann.profile, ann.active, ann.born) == (
        "ann@example.org",
        None,
        {"a": [1, "x", None]},
        True,
        born,
    )
    assert isinstance(ann.uuid, uuid.UUID)
    assert ann.created_at.tzinfo is not None
    assert abs(ann.created_at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)


@both
async def test_values_come_back_as_they_went(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    moment = dt.datetime(2026, 1, 31, 23, 59, 59, 123456, dt.timezone(dt.timedelta(hours=-5)))
    name = "O'Brien\"; DROP TABLE customers; -- \\ % $1 ? {} \u00e9\U0001f600\n"
    profiles: tuple[Any, ...] = (None, [], "text", "12", 12, 1.5, True, {"k\u00e9y": {"deep": [None]}})
    for profile in profiles:
        one = await customers.insert(
            shop.NewCustomer(
                email=f"{profile!r}@example.org",
                name=name,
                profile=profile,
                uuid=uuid.UUID(int=7),
                active=False,
                created_at=moment,
            )
        )
        read = await customers.get(one.id)
        assert (read.name, read.profile, read.uuid, read.active) == (name, profile, uuid.UUID(int=7), False)
        assert read.created_at == moment
        assert await customers.count(created_at=moment, name=name, uuid=uuid.UUID(int=7)) >= 1


@both
async def test_enums_decimals_and_generated_columns(shop: Any, db: Any) -> None:
    ann = await shop.CustomerRepository(db).insert(shop.NewCustomer(email="ann"))
    orders = shop.OrderRepository(db)
    order = await orders.insert(shop.NewOrder(customer_id=ann.id, total=D("10.25")))
    assert order.status is shop.OrderStatus.PENDING
    assert (order.total, order.doubled) == (D("10.25"), D("20.50"))
    sent = await orders.update(order.id, shop.OrderChanges(status=shop.OrderStatus.IN_TRANSIT))
    assert sent.status is shop.OrderStatus.IN_TRANSIT
    assert sent.total == D("10.25")
    assert [one.id for one in await orders.list(status=shop.OrderStatus.IN_TRANSIT)] == [order.id]
    assert await orders.list(status=shop.OrderStatus.PAID) == []


@both
async def test_find_by_unique_keys(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    ann = await customers.insert(shop.NewCustomer(email="ann"))
    assert await customers.find_by_email("ann") == ann
    assert await customers.find_by_email("bob") is None
    assert await customers.find(ann.id + 1) is None
    with pytest.raises(access.NotFound, match="customers"):
        await customers.get(ann.id + 1)


@both
async def test_update_changes_only_what_is_given(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    ann = await customers.insert(shop.NewCustomer(email="ann", name="Ann", profile={"a": 1}))
    assert await customers.update(ann.id, shop.CustomerChanges()) == ann
    bare = await customers.update(ann.id, shop.CustomerChanges(name=None, profile=None))
    assert (bare.email, bare.name, bare.profile, bare.uuid) == ("ann", None, None, ann.uuid)
    with pytest.raises(access.NotFound):
        await customers.update(ann.id + 1, shop.CustomerChanges(name="x"))
    with pytest.raises(access.NotFound):
        await customers.update(ann.id + 1, shop.CustomerChanges())


@both
async def test_delete_says_whether_there_was_a_row(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    ann = await customers.insert(shop.NewCustomer(email="ann"))
    assert await customers.delete(ann.id) is True
    assert await customers.delete(ann.id) is False
    assert await customers.count() == 0


@both
async def test_composite_keys(shop: Any, db: Any) -> None:
    ann = await shop.CustomerRepository(db).insert(shop.NewCustomer(email="ann"))
    order = await shop.OrderRepository(db).insert(shop.NewOrder(customer_id=ann.id, total=D(1)))
    lines = shop.OrderLineRepository(db)
    first = await lines.insert(shop.NewOrderLine(order_id=order.id, position=1, sku="a"))
    await lines.insert(shop.NewOrderLine(order_id=order.id, position=2, sku="b"))
    assert await lines.get(order.id, 1) == first
    assert await lines.find_by_order_id_and_sku(order.id, "a") == first
    changed = await lines.update(order.id, 1, shop.OrderLineChanges(sku="c"))
    assert (changed.position, changed.sku) == (1, "c")
    assert await lines.delete(order.id, 2) is True
    assert [line.sku for line in await lines.list()] == ["c"]


@both
async def test_a_table_without_a_key_can_be_filled_and_listed(shop: Any, db: Any) -> None:
    logs = shop.LogRepository(db)
    assert (await logs.insert(shop.NewLog())).message is None
    await logs.insert(shop.NewLog(message="b"))
    await logs.insert(shop.NewLog(message="a"))
    assert [log.message for log in await logs.list("-message")] == [None, "b", "a"]
    assert await logs.count(message=None) == 1
    assert await logs.exists(message="a")
    assert not await logs.exists(message="c")


@both
async def test_related_rows_come_in_one_query(shop: Any, db: Any) -> None:
    customers, orders = shop.CustomerRepository(db), shop.OrderRepository(db)
    people = [await customers.insert(shop.NewCustomer(email=str(n))) for n in range(4)]
    for person in people[:3]:
        for _ in range(person.id % 3):
            await orders.insert(shop.NewOrder(customer_id=person.id, total=D(1)))
    found = await orders.list_by_customer_id([person.id for person in people])
    assert {key: len(rows) for key, rows in found.items()} == {
        person.id: (person.id % 3 if person in people[:3] else 0) for person in people
    }
    assert await customers.find_many([people[0].id, people[2].id, -1]) == {
        people[0].id: people[0],
        people[2].id: people[2],
    }
    assert await customers.find_many([]) == {}
    assert await orders.list_by_customer_id([]) == {}


@both
async def test_links_of_a_join_table(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    ann, bob, cid = [await customers.insert(shop.NewCustomer(email=name)) for name in ("ann", "bob", "cid")]
    assert await customers.add_friend(ann.id, bob.id) is True
    assert await customers.add_friend(ann.id, bob.id) is False
    assert await customers.add_friend(cid.id, bob.id) is True
    assert await customers.add_customer(ann.id, cid.id) is True  # the same table, from its other end
    fans = await customers.list_by_friend_id([bob.id, ann.id, cid.id])
    assert {key: sorted(row.email for row in rows) for key, rows in fans.items()} == {
        bob.id: ["ann", "cid"],
        ann.id: ["cid"],
        cid.id: [],
    }
    friends = await customers.list_by_customer_id([cid.id])
    assert sorted(row.email for row in friends[cid.id]) == ["ann", "bob"]
    assert await customers.remove_friend(ann.id, bob.id) is True
    assert await customers.remove_friend(ann.id, bob.id) is False
    with pytest.raises(access.ForeignKeyViolation):
        await customers.add_friend(ann.id, -1)


@both
async def test_pages_hold_every_row_once_in_order(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    for number in range(23):
        name = None if number % 4 == 0 else f"name {number % 3}"
        await customers.insert(shop.NewCustomer(email=str(number), name=name, active=number % 2 == 0))
    for order in (("name",), ("-name",), ("-active", "name"), ("-id",), ("name", "-email"), ()):
        whole = await customers.list(*order)
        assert len(whole) == 23
        page = await customers.page(*order, first=5)
        pages: list[Any] = [*page]
        while page.next:
            assert len(page) == 5
            page = await customers.page(*order, first=5, after=page.next)
            pages.extend(page)
        assert pages == whole, order
    assert await customers.list(limit=0) == []
    names = [row.name for row in await customers.list("name")]
    assert names == sorted(names, key=lambda name: (name is None, name or ""))


@both
async def test_wrong_sorting_filters_and_limits_are_refused(shop: Any, db: Any) -> None:
    customers = shop.CustomerRepository(db)
    with pytest.raises(access.StatementFailed, match="no such attribute"):
        await customers.list("id; DROP TABLE customers")
    with pytest.raises(access.StatementFailed, match="no such attribute"):
        await customers.count(**{"1 = 1 OR id": 1})
    with pytest.raises(access.StatementFailed, match="negative"):
        await customers.list(limit=-1)


@both
async def test_violations_say_which_decision_to_take(shop: Any, db: Any) -> None:
    customers, orders = shop.CustomerRepository(db), shop.OrderRepository(db)
    ann = await customers.insert(shop.NewCustomer(email="ann"))
    with pytest.raises(access.UniqueViolation) as unique:
        await customers.insert(shop.NewCustomer(email="ann"))
    assert unique.value.columns == ("email",)
    assert unique.value.table == "customers"
    assert "ann" not in str(unique.value)
    with pytest.raises(access.ForeignKeyViolation):
        await orders.insert(shop.NewOrder(customer_id=ann.id + 1, total=D(1)))
    with pytest.raises(access.CheckViolation) as check:
        await orders.insert(shop.NewOrder(customer_id=ann.id, total=D(-1)))
    assert check.value.constraint == "orders_total_check"
    with pytest.raises(access.NotNullViolation) as null:
        await customers.update(ann.id, shop.CustomerChanges(email=None))
    assert null.value.columns == ("email",)
    assert await customers.list() == [ann]


@both
async def test_a_transaction_is_all_or_nothing(shop: Any, db: Any) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.transaction() as transaction:
            await shop.CustomerRepository(transaction).insert(shop.NewCustomer(email="ann"))
            raise ZeroDivisionError
    assert await shop.CustomerRepository(db).count() == 0
    async with db.transaction() as transaction:
        customers = shop.CustomerRepository(transaction)
        await customers.insert(shop.NewCustomer(email="ann"))
        with pytest.raises(access.UniqueViolation):  # noqa: PT012
            async with transaction.transaction() as inner:
                await shop.CustomerRepository(inner).insert(shop.NewCustomer(email="bob"))
                await shop.CustomerRepository(inner).insert(shop.NewCustomer(email="ann"))
        await customers.insert(shop.NewCustomer(email="cid"))
    assert [row.email for row in await shop.CustomerRepository(db).list("email")] == ["ann", "cid"]


def test_arrays_and_enums_in_arrays(
    load: Callable[[DataModel], Any], data_model: DataModel, shop_address: str
) -> None:
    if data_model.dialect.name != "postgresql":
        return  # SQLite has no arrays
    shop = load(data_model)

    async def drive() -> None:
        async with access.Database(shop_address) as database:
            customers = shop.CustomerRepository(database)
            moods = [shop.OrderStatus.PAID, shop.OrderStatus.IN_TRANSIT]
            ann = await customers.insert(shop.NewCustomer(email="a", tags=["x", 'y,{}"'], moods=moods))
            assert (ann.tags, ann.moods) == (["x", 'y,{}"'], moods)
            empty = await customers.update(ann.id, shop.CustomerChanges(tags=[], moods=None))
            assert (empty.tags, empty.moods) == ([], None)

    asyncio.run(drive())
