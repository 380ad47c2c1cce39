"""SQLAlchemy's relationships: a name for each side, and which sides are the two of one."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.codegen.names import Namer, referred, snake
from dbdeed.models.model import Cardinality
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.codegen.picture import Picture
    from dbdeed.models.model import Relationship


@dataclass(frozen=True, slots=True)
class Side:
    """A relationship as one of its models has it."""

    name: str
    relation: Relationship
    target: Picture

    @property
    def many(self) -> bool:
        one = self.relation.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE)
        return not one


def sides_of(pictures: Mapping[str, Picture]) -> dict[str, list[Side]]:
    """By model's name, its relationships to other models; names stay clear of columns and of each other."""
    found: dict[str, list[Side]] = {}
    for one in pictures.values():
        namer = Namer({field.name for field in one.fields} | {"metadata", "registry", *keyword.kwlist})
        found[one.model.name] = [
            Side(namer(_name(relation, one, target)), relation, target)
            for relation in one.model.relationships
            if (target := pictures.get(relation.target)) is not None
        ]
    return found


def other_side(side: Side, own: Picture, sides: Mapping[str, list[Side]]) -> Side | None:
    """The same relationship, seen from the other model."""
    for one in sides[side.target.model.name]:
        mine, theirs = side.relation, one.relation
        if one is side or theirs.target != own.model.name or mine.through != theirs.through:
            continue
        swapped = (theirs.columns, theirs.target_columns) == (mine.target_columns, mine.columns)
        if mine.through:
            swapped = swapped and theirs.through_columns == mine.through_target_columns
        elif theirs.holder == mine.holder or theirs.constraint != mine.constraint:
            continue
        if swapped:
            return one
    return None


def _name(relation: Relationship, own: Picture, target: Picture) -> str:
    """`customer` by `customer_id`, `orders` at the other side, `products` over a join table."""
    one = target.names.module
    if relation.through:
        through = [snake(column) or "column" for column in relation.through_target_columns]
        return _plural(referred(through, relation.target_columns, one))
    if relation.holder:
        columns = [own.names.attribute(column) for column in relation.columns]
        name = referred(columns, relation.target_columns, one)
        return name if name not in columns else f"{name}_row"
    return one if relation.cardinality is Cardinality.ONE_TO_ONE else _plural(one)


def _plural(word: str) -> str:
    return snake(table_name(word)) or word
