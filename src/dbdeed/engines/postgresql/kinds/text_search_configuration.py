"""Text search configurations: a parser, and the dictionaries that each type of token is given to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds.text_search_dictionary import stale
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import idents, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_TS_CONFIG
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading

Mapping = tuple[str, tuple[str, ...]]
"""A type of token, and the dictionaries for it as SQL, in order."""


class TextSearchConfiguration(Named, frozen=True, tag="text search configuration"):
    """A configuration; `parser` is qualified SQL, `mappings` are sorted by their token's type."""

    schema: str
    name: str
    parser: str
    mappings: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("text search configuration", (self.schema, self.name))

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT c.oid, n.nspname, c.cfgname, quote_ident(pn.nspname) || '.' || quote_ident(p.prsname)
    FROM pg_ts_config c
    JOIN pg_namespace n ON n.oid = c.cfgnamespace
    JOIN pg_ts_parser p ON p.oid = c.cfgparser
    JOIN pg_namespace pn ON pn.oid = p.prsnamespace
    WHERE {OURS} ORDER BY n.nspname, c.cfgname
"""

# The names of a parser's token types are in no catalog: its own function tells them.
_MAPPINGS = """
    SELECT m.mapcfg, t.alias, array_agg(
        quote_ident(n.nspname) || '.' || quote_ident(d.dictname) ORDER BY m.mapseqno)
    FROM pg_ts_config c
    JOIN pg_ts_config_map m ON m.mapcfg = c.oid
    JOIN pg_ts_dict d ON d.oid = m.mapdict
    JOIN pg_namespace n ON n.oid = d.dictnamespace
    JOIN LATERAL ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
    WHERE c.oid >= 16384 GROUP BY m.mapcfg, t.alias ORDER BY m.mapcfg, t.alias COLLATE "C"
"""


def read(reading: Reading) -> None:
    found = reading.fetch(_QUERY)
    mappings: defaultdict[int, list[Mapping]] = defaultdict(list)
    for oid, token, dictionaries in reading.fetch(_MAPPINGS) if found else ():
        mappings[oid].append((token, dictionaries))
    for oid, *fields in found:
        if (PG_TS_CONFIG, oid) not in reading.members:
            one = TextSearchConfiguration(*(*fields, tuple(mappings[oid])))
            reading.add(one, (PG_TS_CONFIG, oid, 0))


def _mapped(verb: str, one: TextSearchConfiguration, mappings: Iterable[Mapping]) -> Iterable[Step]:
    """One statement for all types of token that go to the same dictionaries."""
    alike: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for token, dictionaries in mappings:
        alike[dictionaries].append(token)
    for dictionaries, types in alike.items():
        text = f"{verb} MAPPING FOR {idents(types)} WITH {', '.join(dictionaries)}"
        yield step(f"ALTER TEXT SEARCH CONFIGURATION {one.sql_name} {text}", one.id)


def create(new: TextSearchConfiguration, _: Context) -> Making:
    making = step(f"CREATE TEXT SEARCH CONFIGURATION {new.sql_name} (PARSER = {new.parser})", new.id)
    return Making((making, *_mapped("ADD", new, new.mappings)))


def drop(old: TextSearchConfiguration, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP TEXT SEARCH CONFIGURATION {old.sql_name}", old.id),)


def alter(old: TextSearchConfiguration, new: TextSearchConfiguration, context: Context) -> Alteration | None:
    if old.parser != new.parser:
        return None
    had, wanted = dict(old.mappings), dict(new.mappings)
    gone = [token for token in had if token not in wanted]
    steps: list[Step] = []
    if gone:
        text = f"ALTER TEXT SEARCH CONFIGURATION {new.sql_name} DROP MAPPING FOR {idents(gone)}"
        steps.append(step(text, new.id))
    steps += _mapped("ADD", new, [one for one in new.mappings if one[0] not in had])
    changed = [one for one in new.mappings if had.get(one[0], one[1]) != one[1]]
    first, *others = (*steps, *_mapped("ALTER", new, changed))
    return Alteration((replace(first, hazards=stale(new.id, context)), *others))


KINDS = (Kind("text search configuration", TextSearchConfiguration, create, drop, alter),)
