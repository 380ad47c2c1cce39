"""The files beside the models' own: enums, the database's settings, and the packages' lists of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.header import FORMAT
from dbdeed.codegen.names import member_names
from dbdeed.codegen.python_text import STEP, Group, block, fold, import_line, import_order, literal, sentence
from dbdeed.document.values.types import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Picture
    from dbdeed.codegen.settings import Settings
    from dbdeed.models.model import Dialect, EnumType

FUTURE = "from __future__ import annotations\n"
CHECK = f"access.require_format({FORMAT})\n"
_ISOLATION = {
    Isolation.READ_UNCOMMITTED: "READ_UNCOMMITTED",
    Isolation.READ_COMMITTED: "READ_COMMITTED",
    Isolation.REPEATABLE_READ: "REPEATABLE_READ",
    Isolation.SNAPSHOT: "REPEATABLE_READ",
    Isolation.SERIALIZABLE: "SERIALIZABLE",
}


def enums_file(enums: Sequence[EnumType], names: Names) -> str:
    """Every enum of the database."""
    classes = [block(_enum(enum, names.enums[enum.name])) for enum in enums]
    lookups = [block(_lookup(names.enums[enum.name], names.lookups[enum.name])) for enum in enums]
    head = f'"""The closed sets of texts that the database knows."""\n\n{FUTURE}\nfrom enum import StrEnum\n'
    access = f"\nfrom dbdeed import access\n\n{CHECK}"
    return "\n\n".join([head + access, *classes, "".join(lookups)])


def database_file(settings: Settings, dialect: Dialect) -> str:
    """How to open the database, as the document has it."""
    constants = [
        fold(Group("POOL = access.PoolSettings(", _pool(settings))),
        fold(Group("RETRY = access.RetryPolicy(", _retry(settings))),
        fold(Group("TRANSACTIONS = access.TransactionSettings(", _transactions(settings))),
    ]
    return "\n".join([
        '"""The database: where its address is, its pool, its retries, its transactions."""\n',
        FUTURE,
        f"from dbdeed import access\n\n{CHECK}",
        f"ENVIRONMENT_VARIABLE = {literal(settings.env.name)}",
        *_replicas(settings),
        *constants,
        f"\n\n{_connect(settings, dialect)}",
    ])  # fmt: skip


def sync_database_file(settings: Settings, dialect: Dialect) -> str:
    """The same database, opened without asyncio."""
    replicas = ("REPLICAS",) if settings.replicas else ()
    names = ("ENVIRONMENT_VARIABLE", "POOL", *replicas, "RETRY", "TRANSACTIONS")
    return "\n".join([
        '"""The database, without asyncio."""\n',
        FUTURE,
        "from dbdeed.access import sync as access\n",
        import_line("..database", names),
        f"\n\n{_connect(settings, dialect)}",
    ])  # fmt: skip


def package_file(pictures: Iterable[Picture], enums: Sequence[str], *, sync: bool) -> str:
    """A package's `__init__`: everything by name."""
    imports: list[tuple[str, tuple[str, ...]]] = [("database", ("connect",))]
    imports += [("enums", tuple(sorted(enums, key=import_order)))] if enums and not sync else []
    for picture in pictures:
        names = picture.names
        changes = (names.changes,) if picture.has_changes else ()
        types = () if sync else (names.row, names.new, *changes, names.filter, names.sort)
        imports.append((names.module, tuple(sorted((*types, names.repository), key=import_order))))
    lines = [f"{import_line(f'.{module}', what)}\n" for module, what in sorted(imports)]
    every = sorted(name for _, what in imports for name in what)
    listed = fold(Group("__all__ = [", tuple(map(literal, every)), "]"))
    about = "Repositories without asyncio" if sync else "Typed repositories, one for each model"
    return f'"""{about}."""\n\n' + "".join(map(block, lines)) + "\n" + block(f"{listed}\n")


def _enum(enum: EnumType, name: str) -> str:
    members = [f"{STEP}{member} = {literal(value)}" for value, member in member_names(enum.values).items()]
    where = f"of `{sentence(enum.type_name)}`" if enum.type_name else "that the database accepts"
    about = f'{STEP}"""The values {where}."""\n'
    return f"class {name}(StrEnum):\n{about}" + ("\n" + "\n".join(members) + "\n" if members else "")


def _lookup(enum: str, name: str) -> str:
    return f"{name} = {{member.value: member for member in {enum}}}\n"


def _replicas(settings: Settings) -> list[str]:
    if not settings.replicas:
        return []
    names = [literal(one.name) for one in settings.replicas]
    parts = (f"{names[0]},",) if len(names) == 1 else tuple(names)
    return [fold(Group("REPLICAS = (", parts))]


def _connect(settings: Settings, dialect: Dialect) -> str:
    arguments = (
        "ENVIRONMENT_VARIABLE",
        *(("replicas=REPLICAS",) if settings.replicas else ()),
        "pool=POOL",
        "retry=RETRY",
        "transactions=TRANSACTIONS",
        f"dialect={literal(dialect.name)}",
        "telemetry=telemetry",
    )
    body = fold(Group("return access.Database.from_env(", arguments), STEP)
    about = f'{STEP}"""The database, for `async with connect() as database:`."""'
    head = "def connect(telemetry: access.Telemetry | None = None) -> access.Database:"
    return f"{head}\n{about}\n{body}\n"


def _pool(settings: Settings) -> tuple[str, ...]:
    pool = settings.pool
    if pool is None:
        return ()
    seconds = {
        "acquire_timeout": pool.acquire_timeout,
        "idle_timeout": pool.idle_timeout,
        "lifetime": pool.lifetime,
        "statement_timeout": pool.statement_timeout,
    }
    return (
        f"min={min(1, pool.max) if pool.min is None else pool.min}",
        f"max={pool.max}",
        *_seconds(seconds),
    )


def _retry(settings: Settings) -> tuple[str, ...]:
    retry = settings.retry
    if retry is None:
        return ()
    waits = _seconds({"first": retry.first, "longest": retry.longest})
    jitter = () if retry.jitter else ("jitter=False",)
    return (f"attempts={retry.attempts}", f"backoff={literal(retry.backoff.value)}", *waits, *jitter)


def _transactions(settings: Settings) -> tuple[str, ...]:
    given = settings.transactions
    if given is None:
        return ()
    isolation = (
        () if given.isolation is None else (f"isolation=access.Isolation.{_ISOLATION[given.isolation]}",)
    )
    seconds = {
        "statement_timeout": given.statement_timeout,
        "lock_timeout": given.lock_timeout,
        "idle_timeout": given.idle_timeout,
    }
    return (*isolation, *_seconds(seconds), *(("read_only=True",) if given.read_only else ()))


def _seconds(durations: dict[str, timedelta | None]) -> list[str]:
    # A pool knows no wait of nothing: zero in a document means "no limit" where there is one to lift.
    return [f"{name}={value.total_seconds()}" for name, value in durations.items() if value]
