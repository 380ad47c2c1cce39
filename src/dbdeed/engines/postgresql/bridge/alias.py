"""A table's old name, kept by a view through which the application from before goes on to read and write.

A view of one table's columns is updatable by itself (manual, "Updatable Views"): inserts, updates, deletes
and ON CONFLICT go through, and the table's own defaults hold. From version 15 on it asks for the rights of
whoever uses it (`security_invoker`), so that grants and row security stand as they did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.quoting import ident, qualified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Session

_INVOKER = 15  # the first version that has it


def refusals(tables: Mapping[ObjectId, ObjectId], before: Catalog, target: Catalog) -> Iterator[str]:
    for new, old in tables.items():
        if old in target.objects or ("relation", *old.name) in target.claimed | before.claimed:
            yield (
                f"table {'.'.join(old.name)} becomes {'.'.join(new.name)}, and something else takes its old "
                "name, which both applications would use for different things. Give that another name."
            )
        elif before.version[0] < _INVOKER and getattr(before.objects.get(new), "row_security", False):
            yield (
                f"table {'.'.join(old.name)} has row security, and before version 15 a view under its old "
                "name would not ask who reads. Rename it while no application runs."
            )


def run(tables: Mapping[ObjectId, ObjectId], before: Catalog, session: Session) -> None:
    """Make the views in a scratch, so that they are read in the engine's own words."""
    for new, old in tables.items():
        columns = _columns(new, before)
        names = ", ".join(ident(one) for one in columns)
        invoker = " WITH (security_invoker = true)" if before.version[0] >= _INVOKER else ""
        session.execute(
            f"CREATE VIEW {qualified(*old.name)}{invoker} AS SELECT {names} FROM {qualified(*new.name)}"
        )
        for sql in _rights(new, old, before):
            session.execute(sql)


def ids(tables: Mapping[ObjectId, ObjectId], after: Catalog) -> frozenset[ObjectId]:
    return frozenset(one for old in tables.values() if (one := ObjectId("view", old.name)) in after.objects)


def _columns(table: ObjectId, catalog: Catalog) -> list[str]:
    """Its columns, those that it has from a table above among them."""
    found = dict.fromkeys(
        one.id.name[-1] for one in catalog.children.get(table, ()) if one.id.kind == "column"
    )
    there: Any = catalog.objects[table]
    for above in (there.partition_of[:2], *there.inherits):
        if above:
            found = {**dict.fromkeys(_columns(ObjectId("table", tuple(above)), catalog)), **found}
    return list(found)


def _column_rights(new: ObjectId, view: str, catalog: Catalog) -> Iterator[str]:
    for one in _columns(new, catalog):
        grants: Any = catalog.objects.get(ObjectId("privileges", ("column", *new.name, one)))
        for role, right, grantable in grants.granted if grants is not None else ():
            if role != "OWNER" and right in ("SELECT", "INSERT", "UPDATE"):
                option = " WITH GRANT OPTION" if grantable else ""
                yield f"GRANT {right} ({ident(one)}) ON {view} TO {role}{option}"


def _rights(new: ObjectId, old: ObjectId, catalog: Catalog) -> Iterator[str]:
    """Who owns the view, and who may do what with it, as with the table."""
    owner: Any = catalog.objects.get(ObjectId("owner", ("table", *new.name)))
    grants: Any = catalog.objects.get(ObjectId("privileges", ("table", *new.name)))
    view = qualified(*old.name)
    yield from _column_rights(new, view, catalog)
    for role, right, grantable in grants.granted if grants is not None else ():
        if role != "OWNER" and right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            option = " WITH GRANT OPTION" if grantable else ""
            yield f"GRANT {right} ON {view} TO {role}{option}"
    if owner is not None:
        yield f"ALTER VIEW {view} OWNER TO {ident(owner.role)}"
