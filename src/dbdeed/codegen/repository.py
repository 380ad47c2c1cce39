"""The repository of a model: an asynchronous class, from which the synchronous one is derived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen import reading, related, writing
from dbdeed.codegen.method import BODY
from dbdeed.codegen.python_text import STEP, Group, fold, sentence

if TYPE_CHECKING:
    from dbdeed.codegen.picture import Picture


def repository_class(picture: Picture) -> str:
    """The whole class."""
    methods = [_init(), *reading.by_key(picture)]
    methods += [related.lookup(one, picture) for one in picture.lookups]
    methods += [related.relation(one, picture) for one in picture.relations]
    methods += [*reading.lists(picture), *writing.inserts(picture), *writing.changes(picture)]
    methods += [method for link in picture.links for method in related.links(link)]
    about = f'{STEP}"""Reads and writes `{sentence(picture.model.table)}`."""\n\n'
    return f"class {picture.names.repository}:\n{about}" + "\n".join(methods)


def _init() -> str:
    head = fold(Group("def __init__(", ("self", "session: access.Session"), ") -> None:"), STEP)
    return f"{head}\n{BODY}self._session = session\n"
