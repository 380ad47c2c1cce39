"""Text search parsers and templates: what a superuser's C functions bring, with nothing to alter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_TS_PARSER, PG_TS_TEMPLATE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class TextSearchParser(Named, frozen=True, tag="text search parser"):
    """A parser; its functions are qualified SQL, `headline` "" where there is none."""

    schema: str
    name: str
    start: str
    token: str
    end: str
    headline: str
    types: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("text search parser", (self.schema, self.name))


class TextSearchTemplate(Named, frozen=True, tag="text search template"):
    """A template of dictionaries; `init` is "" where there is none."""

    schema: str
    name: str
    init: str
    lexize: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("text search template", (self.schema, self.name))


_PARSERS = f"""
    SELECT p.oid, n.nspname, p.prsname, p.prsstart::regproc::text, p.prstoken::regproc::text,
        p.prsend::regproc::text,
        CASE WHEN p.prsheadline::oid = 0 THEN '' ELSE p.prsheadline::regproc::text END,
        p.prslextype::regproc::text
    FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
    WHERE {OURS} ORDER BY n.nspname, p.prsname
"""

_TEMPLATES = f"""
    SELECT t.oid, n.nspname, t.tmplname,
        CASE WHEN t.tmplinit::oid = 0 THEN '' ELSE t.tmplinit::regproc::text END, t.tmpllexize::regproc::text
    FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
    WHERE {OURS} ORDER BY n.nspname, t.tmplname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_PARSERS):
        if (PG_TS_PARSER, oid) not in reading.members:
            reading.add(TextSearchParser(*fields), (PG_TS_PARSER, oid, 0))
    for oid, *fields in reading.fetch(_TEMPLATES):
        if (PG_TS_TEMPLATE, oid) not in reading.members:
            reading.add(TextSearchTemplate(*fields), (PG_TS_TEMPLATE, oid, 0))


def _functions(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{word} = {function}" for word, function in pairs if function)


def create_parser(new: TextSearchParser, _: Context) -> Making:
    inside = _functions(
        (
            ("START", new.start),
            ("GETTOKEN", new.token),
            ("END", new.end),
            ("HEADLINE", new.headline),
            ("LEXTYPES", new.types),
        )
    )
    return Making((step(f"CREATE TEXT SEARCH PARSER {qualified(new.schema, new.name)} ({inside})", new.id),))


def create_template(new: TextSearchTemplate, _: Context) -> Making:
    inside = _functions((("INIT", new.init), ("LEXIZE", new.lexize)))
    return Making(
        (step(f"CREATE TEXT SEARCH TEMPLATE {qualified(new.schema, new.name)} ({inside})", new.id),)
    )


def drop(old: TextSearchParser | TextSearchTemplate, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP {old.id.kind.upper()} {qualified(old.schema, old.name)}", old.id),)


def alter(_old: Named, _new: Named, _: Context) -> Alteration | None:
    return None


KINDS = (
    Kind("text search parser", TextSearchParser, create_parser, drop, alter),
    Kind("text search template", TextSearchTemplate, create_template, drop, alter),
)
