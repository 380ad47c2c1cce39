"""Reading a whole database: a fixed number of queries in one snapshot, rows straight into structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dbdeed.engines.catalog import Catalog, Later
from dbdeed.engines.postgresql.kinds.holding import with_rows_held
from dbdeed.engines.postgresql.listing import MODULES
from dbdeed.engines.postgresql.mentions import read_mentions
from dbdeed.engines.postgresql.needs import read_needs
from dbdeed.engines.postgresql.reading import Reading
from dbdeed.engines.postgresql.unmodelled import read_unmodelled
from dbdeed.engines.uncollected import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.postgresql.session import Session as PostgresqlSession
    from dbdeed.engines.seam import Session


def inspect(session: Session) -> Catalog:
    """Everything outside PostgreSQL's own schemas, extensions' members and the schema `dbdeed`.

    The search path is empty meanwhile, so that the server writes every name in full.
    """
    with session.transaction(), uncollected():
        for setting in _settings():
            session.execute(setting)
        reading = Reading(cast("PostgresqlSession", session), session.version)
        for module in MODULES:
            module.read(reading)
        with_rows_held(reading.objects)
        needs = read_needs(reading)
        unmodelled = read_unmodelled(reading)
    return Catalog(
        engine="postgresql",
        version=session.version,
        objects=reading.objects,
        needs=needs,
        unmodelled=unmodelled,
        mentions=Later(lambda: read_mentions(reading.objects, needs)),
        own=frozenset(reading.twice),
    )


def _settings() -> Iterator[str]:
    yield "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    yield "SET LOCAL search_path = ''"
    # What the server writes must not depend on who asks.
    yield "SET LOCAL quote_all_identifiers = off"
    yield "SET LOCAL DateStyle = ISO"
    yield "SET LOCAL IntervalStyle = postgres"
    yield "SET LOCAL extra_float_digits = 1"
