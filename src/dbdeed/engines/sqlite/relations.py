"""Relationships between models, from foreign keys and from the tables that join two models."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.names import fold
from dbdeed.models.model import Cardinality, Relationship

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.sqlite.describe import Named
    from dbdeed.engines.sqlite.kinds.table import ForeignKey, Table


def relationships(named: Sequence[Named], joins: Sequence[Table]) -> dict[str, list[Relationship]]:
    """Both sides of each relationship, by model."""
    by_table = {fold(one.table.name): one for one in named}
    found: defaultdict[str, list[Relationship]] = defaultdict(list)
    for one in named:
        for key in one.table.foreign_keys:
            _both_sides(found, one, key, by_table)
    for join in joins:
        _many_to_many(found, join, by_table)
    return found


def _both_sides(
    found: Mapping[str, list[Relationship]], holder: Named, key: ForeignKey, by_table: Mapping[str, Named]
) -> None:
    parent = by_table.get(fold(key.table))
    if parent is None:
        return
    targets = key.target_columns or parent.table.primary_key
    columns = {column.name: column for column in holder.table.columns}
    single = _unique(holder.table, key.columns)
    found[holder.model].append(
        Relationship(
            cardinality=Cardinality.ONE_TO_ONE if single else Cardinality.MANY_TO_ONE,
            target=parent.model,
            columns=key.columns,
            target_columns=targets,
            constraint=key.name,
            required=all(name in columns and not columns[name].nullable for name in key.columns),
            on_delete=key.on_delete,
        )
    )
    found[parent.model].append(
        Relationship(
            cardinality=Cardinality.ONE_TO_ONE if single else Cardinality.ONE_TO_MANY,
            target=holder.model,
            columns=targets,
            target_columns=key.columns,
            constraint=key.name,
            on_delete=key.on_delete,
            holder=False,
        )
    )


def _unique(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether at most one row can have these values; by constraints, since an index may be partial."""
    wanted = {fold(column) for column in columns}
    return any(key and {fold(name) for name in key} <= wanted for key in (table.primary_key, *table.unique))


def _many_to_many(
    found: Mapping[str, list[Relationship]], join: Table, by_table: Mapping[str, Named]
) -> None:
    left, right = join.foreign_keys
    for here, there in ((left, right), (right, left)):
        one, other = by_table.get(fold(here.table)), by_table.get(fold(there.table))
        if one is not None and other is not None:
            found[one.model].append(
                Relationship(
                    cardinality=Cardinality.MANY_TO_MANY,
                    target=other.model,
                    columns=here.target_columns or one.table.primary_key,
                    target_columns=there.target_columns or other.table.primary_key,
                    through=join.name,
                    through_columns=here.columns,
                    through_target_columns=there.columns,
                    on_delete=here.on_delete,
                    holder=False,
                )
            )
