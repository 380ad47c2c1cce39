"""Procedural languages that are no extension's: they are replaced in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.system import PG_LANGUAGE
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Language(Named, frozen=True, tag="language"):
    """A procedural language; its functions are qualified SQL, `inline` and `validator` "" for none."""

    name: str
    trusted: bool
    handler: str
    inline: str
    validator: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("language", (self.name,))


_QUERY = """
    SELECT l.oid, l.lanname, l.lanpltrusted, l.lanplcallfoid::regproc::text,
        CASE WHEN l.laninline = 0 THEN '' ELSE l.laninline::regproc::text END,
        CASE WHEN l.lanvalidator = 0 THEN '' ELSE l.lanvalidator::regproc::text END
    FROM pg_language l WHERE l.oid >= 16384 AND l.lanispl ORDER BY l.lanname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_LANGUAGE, oid) not in reading.members:
            reading.add(Language(*fields), (PG_LANGUAGE, oid, 0))


def _written(verb: str, new: Language) -> Step:
    text = f"{verb} {'TRUSTED ' * new.trusted}LANGUAGE {ident(new.name)} HANDLER {new.handler}"
    text += f" INLINE {new.inline}" * bool(new.inline)
    return step(text + f" VALIDATOR {new.validator}" * bool(new.validator), new.id)


def create(new: Language, _: Context) -> Making:
    return Making((_written("CREATE", new),))


def drop(old: Language, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP LANGUAGE {ident(old.name)}", old.id),)


def alter(_old: Language, new: Language, _: Context) -> Alteration | None:
    return Alteration((_written("CREATE OR REPLACE", new),))


KINDS = (Kind("language", Language, create, drop, alter),)
