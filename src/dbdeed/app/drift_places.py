"""What a difference is called in the document's terms, and where in the document it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbdeed.app.facts import model_names
from dbdeed.app.pull_edits import name_of, said_in, wanted_of
from dbdeed.document import keys
from dbdeed.document.source import Place, Span
from dbdeed.engines.catalog import Catalog
from dbdeed.engines.change import Action
from dbdeed.planning.order import order_changes
from dbdeed.planning.shown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbdeed.app.pull_edits import Said
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Detail
    from dbdeed.engines.seam import Engine
    from dbdeed.planning.plan import Difference

_DEFAULT_SCHEMA = "public"
_SHORT = 80


class Places:
    """Says of objects what they are called and where the document speaks of them."""

    def __init__(self, engine: Engine, architecture: Architecture, document: Catalog, live: Catalog) -> None:
        self._architecture = architecture
        self._document = document
        self._live = live
        self._statements = _statements(engine, architecture, document)
        names = model_names(architecture)
        pictures = [engine.describe(one, names).models for one in (live, document)]
        self._models = {(one.schema, one.table.lower()): one.name for picture in pictures for one in picture}

    def said(self, differences: Iterable[Difference]) -> Iterator[tuple[str, Place | None]]:
        """A sentence and a place for each difference, seen from the live database to the document."""
        own = [one for one in differences if one.because is None]
        by_action = {action: {one.object for one in own if one.action is action} for action in Action}
        replaced = by_action[Action.DROP] & by_action[Action.CREATE]
        for one in own:
            again = one.object in replaced and one.action is Action.CREATE
            if not again and not self._above(one.object) & (by_action[one.action] - replaced):
                yield self._sentence(one, replaced=one.object in replaced), self._place(one.object)

    def _above(self, one: ObjectId) -> set[ObjectId]:
        """What an object is part of: where that is new or gone, so is the part, and nobody needs telling."""
        found: set[ObjectId] = set()
        at: ObjectId | None = one
        while at is not None:
            there = self._document.objects.get(at) or self._live.objects.get(at)
            at = there.parent if there is not None else None
            found |= {at} if at is not None else set()
        return found

    def _sentence(self, one: Difference, *, replaced: bool) -> str:
        name = one_line(self.name(one.object))
        if one.action is Action.CREATE:
            return f"{name} is in the document and not in the database"
        if one.action is Action.DROP and not replaced:
            return f"{name} is in the database and not in the document"
        if one.action is Action.RENAME:
            return f"{name} has another name in the database{_details(one.details)}"
        return f"{name} differs{_details(one.details)}"

    def name(self, one: ObjectId) -> str:
        """`column name of model Customer`, `index orders_open_idx of table orders`."""
        there: Any = self._document.objects.get(one) or self._live.objects.get(one)
        if one.kind in ("comment", "privileges", "owner"):
            on = one._replace(kind=one.name[0], name=one.name[1:])
            return f"{one.kind} of {self.name(on)}"
        if one.kind in ("table", "virtual_table"):
            model = self._model(one.name)
            return f"table {_dotted(one.name)}" + (f" (model {model})" if model else "")
        above = there.parent if there is not None else None
        if above is None and one.kind == "column":
            above = one._replace(kind="table", name=one.name[:-1])
        if above is not None and above.kind in ("table", "view", "materialized view"):
            model = self._model(above.name) if above.kind == "table" else ""
            of = f"model {model}" if model else f"{above.kind} {_dotted(above.name)}"
            return f"{one.kind} {one.name[-1]} of {of}"
        return f"{one.kind} {_dotted(one.name)}"

    def _model(self, table: Sequence[str]) -> str:
        schema, name = table if len(table) == 2 else ("", table[-1])
        return self._models.get(("" if schema == _DEFAULT_SCHEMA else schema, name.lower()), "")

    def _place(self, one: ObjectId) -> Place | None:
        """Where the document says it; else where it says what this is part of; else its Schema Design."""
        at: ObjectId | None = one
        while at is not None:
            statement = self._statements.get(at)
            if statement is not None:
                return _within(statement, one.name[-1])
            there = self._document.objects.get(at) or self._live.objects.get(at)
            at = there.parent if there is not None else None
        return self._section(one)

    def _section(self, one: ObjectId) -> Place | None:
        if one.kind in ("table", "virtual_table"):
            wanted = name_of(_dotted(one.name))
            for table in self._architecture.schema.tables:
                if name_of(table.name) == wanted:
                    return table.place
        known = [found for found in self._architecture.sections if found.known]
        return next((found.heading for found in known if found.name == keys.SCHEMA), None)


def _statements(engine: Engine, architecture: Architecture, catalog: Catalog) -> dict[ObjectId, Said]:
    """Which of the document's statements makes an object, by what both are about."""
    nothing = Catalog(catalog.engine, catalog.version, {}, {})
    changes = order_changes(engine.compare(nothing, catalog).changes, nothing, catalog)
    written = {one.subject: one for one in said_in(engine, architecture)}
    found: dict[ObjectId, Said] = {}
    for one in wanted_of(engine, engine.passages(changes, nothing, catalog)):
        statement = written.get(one.subject)
        for made in one.makes if statement is not None else ():
            found.setdefault(made, statement)  # type: ignore[arg-type]
    return found


def _within(statement: Said, name: str) -> Place:
    """The line of a column or constraint in its table's statement, else the statement's beginning."""
    body = statement.sql.find("(")
    pattern = re.compile(rf"(?<![\w\"]){re.escape(name)}(?![\w])|[\"`\[]{re.escape(name)}[\"`\]]")
    found = pattern.search(statement.sql, body) if body >= 0 else None
    block = statement.block
    start = statement.start + (found.start() if found else 0)
    end = statement.start + (found.end() if found else len(statement.sql.partition("\n")[0]))
    return Place(block.place.source, Span(block.source_offset(start), block.source_offset(end)))


def _dotted(name: Sequence[str]) -> str:
    parts = name[1:] if len(name) > 1 and name[0] == _DEFAULT_SCHEMA else name
    return ".".join(part for part in parts if part)


def _details(details: Sequence[Detail]) -> str:
    return f": {'; '.join(map(_detail, details))}" if details else ""


def _detail(one: Detail) -> str:
    attribute = one_line(one.attribute)
    if any("\n" in text or len(text) > _SHORT for text in (one.old, one.new)):
        return f"{attribute} is another"
    return f"{attribute} is {_text(one.old)} in the database, {_text(one.new)} in the document"


def _text(value: str) -> str:
    return one_line(value) or "nothing"
