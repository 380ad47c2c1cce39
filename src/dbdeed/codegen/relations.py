"""Rows beside those that belong to them, for a whole list in one query.

async def with_customer(self, rows: Sequence[Order]) -> Sequence[tuple[Order, Customer]]
async def with_orders(self, rows: Sequence[Customer]) -> Sequence[tuple[Customer, Sequence[Order]]]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.codegen.names import Namer, referred, snake, within
from dbdeed.models.model import Cardinality
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.codegen.lookups import Lookup
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.models.model import Relationship


@dataclass(frozen=True, slots=True)
class Relation:
    """What belongs to each row.

    Attributes:
        keys: this end's fields.
        target: the other model.
        lookup: how the other's repository finds its rows by these keys.
        optional: a row may have none.
    """

    method: str
    keys: tuple[Field, ...]
    target: Picture
    lookup: Lookup
    optional: bool

    @property
    def many(self) -> bool:
        return not self.lookup.single

    @property
    def nullable(self) -> bool:
        """A row may have no key."""
        return any(field.attribute.nullable for field in self.keys)


def relations_of(picture: Picture, pictures: Mapping[str, Picture]) -> tuple[Relation, ...]:
    """The relations of a model; `pictures`, by model's name, know their lookups."""
    namer, found = Namer(), []
    plain = [_name(one, picture, pictures) for one in picture.model.relationships]
    for relation, name in zip(picture.model.relationships, plain, strict=True):
        full = name
        target = pictures.get(relation.target)
        lookup = _lookup(relation, target) if target is not None else None
        keys = picture.of(relation.columns)
        if target is None or lookup is None or not _same_types(keys, lookup.fields):
            continue
        unclear = plain.count(name) > 1 or (target is picture and not relation.holder)
        if unclear and not relation.through:
            by = relation.columns if relation.holder else relation.target_columns
            by_columns = "_and_".join(snake(column) or "column" for column in by)
            full = f"{name}_by_{by_columns}"
        optional = not (relation.holder and relation.required) or target.deleted is not None
        found.append(Relation(namer(f"with_{within(full)}"), keys, target, lookup, optional))
    return tuple(found)


def _name(relation: Relationship, picture: Picture, pictures: Mapping[str, Picture]) -> str:
    """`customer` by `customer_id`; `orders` by their table; over a join table by its column, `tags`."""
    target = pictures.get(relation.target)
    one = target.names.module if target is not None else "other"
    if relation.through:
        through = [snake(column) or "column" for column in relation.through_target_columns]
        return _plural(referred(through, relation.target_columns, one))
    if relation.holder:
        columns = [picture.names.attribute(column) for column in relation.columns]
        return referred(columns, relation.target_columns, one)
    return one if relation.cardinality is Cardinality.ONE_TO_ONE else _plural(one)


def _plural(word: str) -> str:
    return snake(table_name(word)) or word


def _lookup(relation: Relationship, target: Picture) -> Lookup | None:
    for lookup in target.lookups:
        if relation.through:
            link = lookup.link
            if link is not None and (link.table, link.columns) == (
                relation.through,
                relation.through_columns,
            ):
                return lookup
        elif lookup.link is None and _columns(lookup.fields) == relation.target_columns:
            return lookup
    return None


def _columns(fields: tuple[Field, ...]) -> tuple[str, ...]:
    return tuple(field.attribute.name for field in fields)


def _same_types(one: tuple[Field, ...], other: tuple[Field, ...]) -> bool:
    types = [[field.attribute.python for field in fields] for fields in (one, other)]
    return types[0] == types[1] and all(field.equal for field in one)
