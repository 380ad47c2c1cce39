"""What is left of a table that is gone: its SQL went with its statements; a person's words stay.

A section of Schema Design that holds nothing any more goes; so does a model that says nothing but what `sync`
wrote. Where a person wrote prose, the heading and the prose stay, and `check` says that no table is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.app.pull_edits import name_of
from dbdeed.app.revised import revised
from dbdeed.document.edit import Edit
from dbdeed.document.rewrite_code import fence_span
from dbdeed.document.rewrite_models import attributes_edit, relationships_edit
from dbdeed.rules.described import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dbdeed.document.architecture import Architecture, CodeBlock, ModelEntry
    from dbdeed.document.source import Place, Source
    from dbdeed.engines.catalog import Catalog, ObjectId

_OWN_LINE = re.compile(
    r"\s*(?:#{1,6} .*|[-*+] \*\*(?:Attributes|Relationships)\*\*:?|[-*+] \*\*Table\*\*:.*)?\s*"
)


def tidy(
    before: Architecture, after: Architecture, gone: Collection[ObjectId], here: Catalog
) -> tuple[Architecture, tuple[str, ...]]:
    """The edited document without empty code blocks, and without what only spoke of tables that are gone.

    Args:
        before: the document as it was.
        after: as it was edited.
        gone: the tables that it made before and makes no more.
        here: what it made before.

    Returns:
        The document, and a sentence for each section and model that stays for a person's words.
    """
    after = revised(after, list(_emptied(before, after)))
    names = {one.name[-1].lower() for one in gone}
    edits: list[tuple[Source, Edit]] = []
    notes: list[str] = []
    for table in after.schema.tables:
        if name_of(table.name).rpartition(".")[2] not in names:
            continue
        if _bare(table.extent):
            edits.append((table.extent.source, Edit(table.extent.span, "")))
        else:
            notes.append(f"The section of table {table.name} stays for its prose; the table is gone.")
    for model in after.models:
        if table_of(model).lower() in names:
            found = list(_model_edits(model, here))
            edits += found
            if not any(edit.span == model.extent.span for _, edit in found):
                notes.append(f"Model {model.name} stays for its prose; its table is gone.")
    return revised(after, edits), tuple(notes)


def _emptied(before: Architecture, after: Architecture) -> Iterator[tuple[Source, Edit]]:
    """Code blocks that hold nothing and did before."""
    blank_before = sum(not one.text.strip() for one in before.schema.blocks)
    blank = [one for one in after.schema.blocks if not one.text.strip() and _fenced(one)]
    if len(blank) > blank_before:
        for block in blank:
            yield block.place.source, Edit(fence_span(block), "")


def _fenced(block: CodeBlock) -> bool:
    return not block.place.source.name.lower().endswith(".sql")


def _bare(extent: Place) -> bool:
    """Whether a section is nothing but its heading."""
    lines = extent.source.text(extent.span).splitlines()
    return all(not line.strip() or line.startswith("#") for line in lines)


def _model_edits(model: ModelEntry, here: Catalog) -> Iterator[tuple[Source, Edit]]:
    source = model.extent.source
    lists = [place for place in (model.attributes_place, model.relationships_place) if place is not None]
    left = source.text(model.extent.span)
    for place in lists:
        left = left.replace(source.text(place.span), "", 1)
    described = model.description and not _is_comment(model.description, here)
    if not described:
        left = "\n".join(line for line in left.splitlines() if "**Description**" not in line)
    if all(_OWN_LINE.fullmatch(line) for line in left.splitlines()):
        yield source, Edit(model.extent.span, "")
        return
    for edit in (attributes_edit(model, []), relationships_edit(model, [])):
        if edit is not None:
            yield source, edit


def _is_comment(description: str, here: Catalog) -> bool:
    """Whether a description is a table's own comment, which `sync` wrote there."""
    said = " ".join(description.split())
    return any(" ".join(str(getattr(one, "text", "")).split()) == said for one in here.objects.values())
