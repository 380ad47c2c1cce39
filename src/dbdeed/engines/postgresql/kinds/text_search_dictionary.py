"""Text search dictionaries: a template with options, which are altered in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.system import PG_TS_DICT
from dbdeed.engines.postgresql.writing import step
from dbdeed.engines.sql_text import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class TextSearchDictionary(Named, frozen=True, tag="text search dictionary"):
    """A dictionary.

    Attributes:
        template: qualified SQL.
        options: (name, value), both as SQL, in the order in which they are kept.
    """

    schema: str
    name: str
    template: str
    options: tuple[tuple[str, str], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("text search dictionary", (self.schema, self.name))

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT d.oid, n.nspname, d.dictname, quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname),
        coalesce(d.dictinitoption, '')
    FROM pg_ts_dict d
    JOIN pg_namespace n ON n.oid = d.dictnamespace
    JOIN pg_ts_template t ON t.oid = d.dicttemplate
    JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
    WHERE {OURS} ORDER BY n.nspname, d.dictname
"""


def read(reading: Reading) -> None:
    for oid, *fields, options in reading.fetch(_QUERY):
        if (PG_TS_DICT, oid) not in reading.members:
            one = TextSearchDictionary(*(*fields, tuple(_pairs(options))))
            reading.add(one, (PG_TS_DICT, oid, 0))


def _pairs(options: str) -> Iterator[tuple[str, str]]:
    """Of `language = 'english', stopwords = 'a, b'`, which is how the server keeps them."""
    start = 0
    found = [one for one in tokens(options, RULES) if options[one.start : one.end] == ","]
    for end in (*(one.start for one in found), len(options)):
        name, _, value = options[start:end].partition("=")
        if name.strip():
            yield name.strip(), value.strip()
        start = end + 1


def _written(options: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{name} = {value}" for name, value in options]


def create(new: TextSearchDictionary, _: Context) -> Making:
    inside = ", ".join([f"TEMPLATE = {new.template}", *_written(new.options)])
    return Making((step(f"CREATE TEXT SEARCH DICTIONARY {new.sql_name} ({inside})", new.id),))


def drop(old: TextSearchDictionary, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP TEXT SEARCH DICTIONARY {old.sql_name}", old.id),)


def stale(one: ObjectId, context: Context) -> tuple[Hazard, ...]:
    """What was worked out with it stays as it was worked out."""
    dependents = context.current.dependents([one])
    found = sorted(other for other in dependents if other.kind in ("index", "column", "materialized view"))
    if not found:
        return ()
    names = ", ".join(f"{other.kind} {'.'.join(other.name)}" for other in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    message = f"What {names}{more} hold was worked out with the old {one.kind}: have it worked out anew."
    return (Hazard(HazardKind.BY_HAND, message),)


def alter(old: TextSearchDictionary, new: TextSearchDictionary, context: Context) -> Alteration | None:
    """An option without a value goes; each that is written moves to the end, so all are, in order."""
    if old.template != new.template:
        return None
    wanted = dict(new.options)
    gone = [name for name, _ in old.options if name not in wanted]
    inside = ", ".join([*gone, *_written(new.options)])
    text = f"ALTER TEXT SEARCH DICTIONARY {new.sql_name} ({inside})"
    return Alteration((step(text, new.id, hazards=stale(new.id, context)),))


KINDS = (Kind("text search dictionary", TextSearchDictionary, create, drop, alter),)
