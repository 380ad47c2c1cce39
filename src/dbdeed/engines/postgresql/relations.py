"""Relationships between models, from foreign keys and from the tables that join two models."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.models.model import Cardinality, Relationship

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.postgresql.describe import Described
    from dbdeed.engines.postgresql.kinds.constraint import Constraint


def relationships(
    models: Mapping[tuple[str, ...], Described], joins: Sequence[Described]
) -> Mapping[str, list[Relationship]]:
    """Both sides of each relationship, by model's name."""
    found: defaultdict[str, list[Relationship]] = defaultdict(list)
    for one in models.values():
        for key in one.foreign_keys:
            if key.references in models:
                _both_sides(found, one, key, models[key.references])
    for join in joins:
        _many_to_many(found, join, models)
    return found


def _both_sides(
    found: Mapping[str, list[Relationship]], holder: Described, key: Constraint, other: Described
) -> None:
    single = holder.at_most_one(key.columns)
    nullable = {column.name for column in holder.columns if not column.not_null}
    found[holder.model].append(
        Relationship(
            cardinality=Cardinality.ONE_TO_ONE if single else Cardinality.MANY_TO_ONE,
            target=other.model,
            columns=key.columns,
            target_columns=key.referenced,
            constraint=key.name,
            required=not nullable & set(key.columns),
            on_delete=key.on_delete,
        )
    )
    found[other.model].append(
        Relationship(
            cardinality=Cardinality.ONE_TO_ONE if single else Cardinality.ONE_TO_MANY,
            target=holder.model,
            columns=key.referenced,
            target_columns=key.columns,
            constraint=key.name,
            on_delete=key.on_delete,
            holder=False,
        )
    )


def _many_to_many(
    found: Mapping[str, list[Relationship]], join: Described, models: Mapping[tuple[str, ...], Described]
) -> None:
    left, right = join.foreign_keys
    for here, there in ((left, right), (right, left)):
        if here.references in models and there.references in models:
            found[models[here.references].model].append(
                Relationship(
                    cardinality=Cardinality.MANY_TO_MANY,
                    target=models[there.references].model,
                    columns=here.referenced,
                    target_columns=there.referenced,
                    through=join.table.name,
                    through_columns=here.columns,
                    through_target_columns=there.columns,
                    on_delete=here.on_delete,
                    holder=False,
                )
            )
