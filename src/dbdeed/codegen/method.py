"""One method of a generated class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.codegen.names import WITH_DELETED as SUFFIX
from dbdeed.codegen.python_text import STEP, Choice, Group, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.codegen.python_text import Code

BODY = STEP * 2
WITH_DELETED = ("*", "with_deleted: bool = False")
_LIST = re.compile(r"(?<![\w.])list\[")


def method(
    name: str, parameters: Sequence[str], result: str, about: str, *body: Group | str, waits: bool = True
) -> str:
    """Its text.

    Args:
        name: as it is called.
        parameters: behind `self`, as they are written.
        result: the annotation.
        about: the docstring; lines behind the first are set apart from it.
        body: statements.
        waits: it is a coroutine.
    """
    # Within the class `list` is the method.
    typed = tuple(_LIST.sub("builtins.list[", parameter) for parameter in ("self", *parameters))
    start = "async def" if waits else "def"
    head = Group(f"{start} {name}(", typed, f") -> {_LIST.sub('builtins.list[', result)}:")
    first, *rest = about.splitlines()
    more = "".join(f"\n{BODY}{one}" for one in rest)
    words = f'"""{first}\n{more}\n{BODY}"""' if rest else f'"""{first}"""'
    statements = "\n".join(one if isinstance(one, str) else fold(one, BODY) for one in body)
    return f"{fold(head, STEP)}\n{BODY}{words}\n{statements}\n"


def line(text: str) -> str:
    """A statement that is one line."""
    return f"{BODY}{text}"


def typed(fields: Sequence[Field]) -> list[str]:
    """Parameters."""
    return [f"{field.name}: {field.type}" for field in fields]


def names(fields: Sequence[Field]) -> str:
    """Arguments."""
    return ", ".join(field.name for field in fields)


def pair(fields: Sequence[Field]) -> str:
    """A tuple of them."""
    return f"({names(fields)},)" if len(fields) == 1 else f"({names(fields)})"


def reads(picture: Picture) -> tuple[str, ...]:
    """What every reading method takes besides."""
    return WITH_DELETED if picture.deleted else ()


def either(constant: str, picture: Picture) -> Code:
    """The statement that reads, by whether deleted rows are wanted."""
    return Choice(f"{constant}{SUFFIX}", "with_deleted", constant) if picture.deleted else constant


def passed_on(picture: Picture) -> tuple[str, ...]:
    """`with_deleted` to the next method."""
    return ("with_deleted=with_deleted",) if picture.deleted else ()
