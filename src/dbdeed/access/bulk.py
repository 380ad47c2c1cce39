"""Many rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    import msgspec

    from dbdeed.access.session import Session
    from dbdeed.access.statements import Load
    from dbdeed.access.table import Table
    from dbdeed.access.table_writes import Copy

T = TypeVar("T")


async def insert_many(session: Session, table: Table, new: Iterable[msgspec.Struct]) -> int:
    """Insert them by the fastest way the database has (COPY), all or none; how many."""
    copies = table.copies(new)
    if len(copies) == 1:
        return await _insert(session, table, copies[0])
    async with session.transaction() as whole:
        return sum([await _insert(whole, table, copy) for copy in copies])


async def _insert(session: Session, table: Table, copy: Copy) -> int:
    if copy.columns:
        return await session.copy_in(table.name, copy.columns, copy.rows)
    return await session.many(table.defaults, [*copy.rows])


async def insert_returning(
    session: Session, table: Table, new: Iterable[msgspec.Struct], load: Load[T]
) -> list[T]:
    """Insert them, all or none, and give them as the database has them, in their order."""
    inserts = table.inserts(new)
    if len(inserts) == 1:
        return await session.all(*inserts[0].query, load)
    placed: dict[int, T] = {}
    async with session.transaction() as whole:
        for insert in inserts:
            placed.update(zip(insert.places, await whole.all(*insert.query, load), strict=True))
    return [placed[place] for place in sorted(placed)]
