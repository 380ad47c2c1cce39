"""What is generated: formatted, typed, stable, marked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.codegen.checkers import formatting, mypy, pyright

from dbdeed.codegen.generate import generate_files
from dbdeed.codegen.header import is_generated, is_untouched
from dbdeed.codegen.settings import Settings, settings_of
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.values.types import Backoff, EnvName, Isolation, Pool, Retry, Transactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.models.model import DataModel

SHOP = Path(__file__).parents[2] / "examples/shop/DATABASE.md"
USE = """
from __future__ import annotations

import decimal
from collections.abc import Sequence

from dbdeed import access
from repositories import (
    CustomerRepository,
    NewCustomer,
    NewOrder,
    Order,
    OrderChanges,
    OrderRepository,
    OrderStatus,
    connect,
    sync,
)


async def work() -> int:
    async with connect() as database:
        customer = await CustomerRepository(database).insert(NewCustomer(email="a@example.org"))

        async def place(transaction: access.Transaction) -> Order:
            orders = OrderRepository(transaction)
            return await orders.insert(NewOrder(customer_id=customer.id, total=decimal.Decimal(5)))

        order = await database.run(place, isolation="serializable")
        orders = OrderRepository(database)
        await orders.update(order.id, OrderChanges(status=OrderStatus.PAID))
        page: Sequence[Order] = await orders.list("-total", limit=10, status=OrderStatus.PAID)
        by_customer = await orders.list_by_customer_id([customer.id])
        return len(page) + len(by_customer[customer.id])


def work_without_asyncio() -> Order | None:
    with sync.connect() as database:
        return sync.OrderRepository(database).find(1)
"""
# Each line is wrong in one way, and must be found so.
MISUSE = """
from repositories import CustomerChanges, CustomerRepository, NewCustomer, NewOrder, OrderChanges, OrderRepository


async def work(customers: CustomerRepository, orders: OrderRepository) -> None:
    NewCustomer()
    NewOrder(customer_id="1", total=1)
    NewOrder(doubled=1)
    OrderChanges(doubled=1)
    OrderChanges(total=None)
    CustomerChanges(id=1)
    await orders.list("nothing")
    await orders.list(status="paid")
    await orders.count(nothing=1)
    await orders.find("1")
    (await customers.get(1)).email = "x"
    (await orders.find(1)).id
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, shop_models: Any, dialects: Any) -> dict[str, Any]:
    """What mypy and pyright, each in one strict run, say of both shops, of their use, and of their misuse."""
    folder = tmp_path_factory.mktemp("checked")
    for dialect in dialects:
        name = "repositories" if dialect.name == "postgresql" else "sqlite_repositories"
        for path, text in generate_files(shop_models(dialect), Settings()).items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    (folder / "use.py").write_text(USE)
    (folder / "misuse.py").write_text(MISUSE)
    return {"mypy": mypy(folder), "pyright": pyright(folder)}


def test_formatters_and_linters_have_nothing_to_say(
    data_model: DataModel, write_package: Callable[[DataModel], Path]
) -> None:
    folder = write_package(data_model)
    assert formatting(folder) == ""


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_strict_type_checks_pass(checked: dict[str, Any], checker: str) -> None:
    if checked[checker] is None:
        pytest.skip(f"{checker} cannot run here")
    assert [one for one in checked[checker] if one[0] != "misuse.py"] == []


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_misuse_is_found_by_type_checks(checked: dict[str, Any], checker: str) -> None:
    if checked[checker] is None:
        pytest.skip(f"{checker} cannot run here")
    lines = MISUSE.splitlines()
    body = next(number for number, line in enumerate(lines, 1) if line.startswith("async def"))
    wrong = {number for number, line in enumerate(lines, 1) if number > body and line.strip()}
    assert wrong <= {line for path, line, _ in checked[checker] if path == "misuse.py"}


def test_the_same_data_gives_the_same_bytes(data_model: DataModel) -> None:
    script = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import conftest; "
        "from dbdeed.codegen.generate import generate_files; from dbdeed.codegen.settings import Settings; "
        "d = {'postgresql': conftest.POSTGRESQL, 'sqlite': conftest.SQLITE}[sys.argv[2]]; "
        "print(hashlib.sha256(repr(dict(generate_files(conftest.shop(d), Settings()))).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent), data_model.dialect.name],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


def test_the_collector_looks_only_at_rows_that_can_hold_others(
    load: Callable[[DataModel], Any], data_model: DataModel
) -> None:
    package = load(data_model)
    tracked = {name: getattr(package, name).__struct_config__.gc for name in ("Customer", "Order", "Log")}
    # A customer has a profile in JSON.
    assert tracked == {"Customer": True, "Order": False, "Log": False}


def test_every_file_carries_a_mark_that_an_edit_breaks(data_model: DataModel) -> None:
    for text in generate_files(data_model, Settings(source="docs DB.md")).values():
        assert is_generated(text)
        assert is_untouched(text)
        assert is_untouched(text.replace("\n", "\r\n"))
        assert not is_untouched(text + "# mine\n")
        assert not is_untouched(text.replace("def ", "def  ", 1) if "def " in text else text[:-2])
        assert is_generated(text + "# mine\n")
    assert not is_generated("print('mine')\n")


def test_the_database_file_has_what_the_document_says(
    data_model: DataModel, load_with: Callable[..., Any]
) -> None:
    settings = Settings(
        env=EnvName("SHOP_URL"),
        pool=Pool(max=7, min=0, acquire_timeout=timedelta(milliseconds=1500), lifetime=timedelta(hours=2)),
        retry=Retry(5, Backoff.LINEAR, timedelta(milliseconds=10), timedelta(seconds=1), jitter=False),
        transactions=Transactions(Isolation.SERIALIZABLE, lock_timeout=timedelta(seconds=3), read_only=True),
    )
    module = load_with(data_model, settings).database
    assert (module.ENVIRONMENT_VARIABLE, module.POOL.min, module.POOL.max) == ("SHOP_URL", 0, 7)
    assert (module.POOL.acquire_timeout, module.POOL.lifetime) == (1.5, 7200)
    assert module.POOL.statement_timeout is None
    assert (module.RETRY.attempts, module.RETRY.backoff, module.RETRY.first) == (5, "linear", 0.01)
    assert (module.RETRY.longest, module.RETRY.jitter) == (1, False)
    assert module.TRANSACTIONS.isolation.value == "serializable"
    assert (module.TRANSACTIONS.lock_timeout, module.TRANSACTIONS.read_only) == (3, True)


def test_connect_knows_the_replicas_that_the_document_names(
    load_with: Callable[..., Any], data_model: DataModel, shop_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = SHOP.read_text().replace(
        "- **Retry Logic**", "- **Replicas**: `NEAR_URL`, `FAR_URL`\n- **Retry Logic**"
    )
    settings = settings_of(read(Source("DATABASE.md", document.encode())))
    assert [one.name for one in settings.replicas] == ["NEAR_URL", "FAR_URL"]
    package = load_with(data_model, settings)
    assert package.database.REPLICAS == ("NEAR_URL", "FAR_URL")
    monkeypatch.setenv(settings.env.name, shop_address)
    if data_model.dialect.name == "postgresql":
        monkeypatch.setenv("FAR_URL", shop_address)

    async def count() -> int:
        async with package.connect() as database:
            await package.CustomerRepository(database).count()
            return len(database.replica_metrics())

    assert asyncio.run(count()) == int(data_model.dialect.name == "postgresql")


def test_connect_takes_the_address_from_the_environment(
    load: Callable[[DataModel], Any],
    data_model: DataModel,
    shop_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = load(data_model)
    monkeypatch.setenv("DATABASE_URL", shop_address)

    async def count() -> int:
        async with package.connect() as database:
            found: int = await package.CustomerRepository(database).count()
            return found

    assert asyncio.run(count()) == 0
    from importlib import import_module

    with import_module(f"{package.__name__}.sync").connect() as database:
        assert database.rows("SELECT 1") == [(1,)]
