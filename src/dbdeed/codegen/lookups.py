"""Rows by a list of keys in one query: what relationships are loaded by.

async def find_many(self, keys: Collection[int]) -> dict[int, Customer]
async def list_by_customer_id(self, keys: Collection[int]) -> dict[int, Sequence[Order]]
async def list_by_tag_id(self, keys: Collection[int]) -> dict[int, Sequence[Product]]   (over a join table)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.codegen.names import Namer
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
    namer = Namer({f"FIND_BY_{'_AND_'.join(f.name for f in key)}".upper() for key in picture.unique_keys})
    found: dict[tuple[str, ...], Lookup] = {}
    if picture.key:
        found[_columns(picture.key)] = Lookup("find_many", "FIND_MANY", picture.key, single=True)
    for relation in picture.model.relationships:
        fields = picture.of(relation.columns)
        whole = len(fields) == len(relation.columns) and all(field.equal for field in fields)
        if relation.through or not whole or _columns(fields) in found:
            continue
        single = relation.cardinality is Cardinality.ONE_TO_ONE or not relation.holder
        name = f"{'find_many' if single else 'list'}_by_{'_and_'.join(field.name for field in fields)}"
        found[_columns(fields)] = Lookup(namer(name), namer(name.upper()), fields, single)
    links = []
    for link in picture.links:
        name = f"list_by_{'_and_'.join(link.other)}"
        links.append(Lookup(namer(name), namer(name.upper()), link.other_fields, single=False, link=link))
    return (*found.values(), *links)


def _columns(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(field.attribute.name for field in fields)
