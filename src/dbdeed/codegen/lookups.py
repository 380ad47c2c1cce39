"""Rows by a list of keys in one query: what relationships are loaded by.

async def find_many(self, keys: Collection[int]) -> dict[int, Customer]
async def list_by_customer_id(self, keys: Collection[int]) -> dict[int, Sequence[Order]]
async def list_by_tag_id(self, keys: Collection[int]) -> dict[int, Sequence[Product]]   (over a join table)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.codegen.names import WITH_DELETED, Namer, within
from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.codegen.links import Link
    from dbdeed.codegen.picture import Field, Picture


@dataclass(frozen=True, slots=True)
class Lookup:
    """One way to find rows by keys.

    Attributes:
        fields: the key: of the rows themselves, or for a `link` the other end's.
        single: a key finds at most one row.
    """

    method: str
    constant: str
    fields: tuple[Field, ...]
    single: bool
    link: Link | None = None

    @property
    def key_type(self) -> str:
        """The annotation of one key."""
        types = [field.type for field in self.fields]
        return types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"


def lookups_of(picture: Picture) -> tuple[Lookup, ...]:
    """By the primary key, by what refers to others, by what others refer to, and over join tables."""
    namer = Namer(("find_many", f"find_many{WITH_DELETED}"), constants=True)
    found: dict[tuple[str, ...], Lookup] = {}
    if picture.key:
        found[_columns(picture.key)] = Lookup("find_many", "FIND_MANY", picture.key, single=True)
    for relation in picture.model.relationships:
        fields = picture.of(relation.columns)
        whole = len(fields) == len(relation.columns) and all(field.equal for field in fields)
        if relation.through or not whole or _columns(fields) in found:
            continue
        single = relation.cardinality is Cardinality.ONE_TO_ONE or not relation.holder
        name = (
            f"{'find_many' if single else 'list'}_by_{'_and_'.join(within(field.name) for field in fields)}"
        )
        found[_columns(fields)] = _lookup(namer(name, WITH_DELETED), fields, single=single)
    links = []
    for link in picture.links:
        name = f"list_by_{'_and_'.join(map(within, link.other))}"
        method = namer(name, WITH_DELETED)
        links.append(_lookup(method, link.other_fields, single=False, link=link))
    return (*found.values(), *links)


def _lookup(method: str, fields: tuple[Field, ...], *, single: bool, link: Link | None = None) -> Lookup:
    return Lookup(method, method.upper(), fields, single, link)


def _columns(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(field.attribute.name for field in fields)
