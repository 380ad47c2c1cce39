"""Methods that read: by key, and lists by what rows are asked to meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.method import either, line, method, pair, passed_on, reads, typed
from dbdeed.codegen.python_text import Group

if TYPE_CHECKING:
    from dbdeed.codegen.picture import Field, Picture


def by_key(picture: Picture) -> list[str]:
    """get, find, and find by each unique key."""
    row, key, made = picture.names.row, picture.key, []
    if key:
        get = Group("return access.found(", (_one("await", "FIND", key, picture), "TABLE"))
        about = "The row with this key; raises `access.NotFound`."
        made.append(method("get", [*typed(key), *reads(picture)], row, about, get))
        made.append(_find("find", "FIND", key, picture))
    made += [_find(f"find_{one.name}", one.constant, one.fields, picture) for one in picture.finders]
    return made


def lists(picture: Picture) -> list[str]:
    """list, page, stream, count and exists."""
    return [
        _list(picture),
        *([_page(picture)] if picture.total else []),
        _stream(picture),
        _count(picture),
        _exists(picture),
    ]


def _find(name: str, constant: str, key: tuple[Field, ...], picture: Picture) -> str:
    about = "The row with this key, or None."
    found = _one("return await", constant, key, picture)
    return method(name, [*typed(key), *reads(picture)], f"{picture.names.row} | None", about, found)


def _list(picture: Picture) -> str:
    options = ("order_by=order_by", "limit=limit", *passed_on(picture))
    query = Group("*TABLE.select(", ("ROWS", "filters", *options))
    about = "Rows that meet every filter, by `order_by` (`-` is descending)"
    about += " and key." if picture.total else "."
    parameters = [_sorts(picture), "limit: int | None = None", *reads(picture)[1:], _filters(picture)]
    found = Group("return await self._session.all(", (query, "from_rows"))
    return method("list", parameters, f"Sequence[{picture.names.row}]", about, found)


def _page(picture: Picture) -> str:
    options = ("order_by=order_by", "first=first", "after=after", *passed_on(picture))
    query = Group("*TABLE.page(", ("ROWS", "filters", *options))
    about = (
        "As `list`, page by page: `after` is the `next` of the page before.\n"
        "Raises `access.InvalidCursor` for a cursor that is not of this order."
    )
    parameters = [
        _sorts(picture),
        "first: int = 50",
        "after: str | None = None",
        *reads(picture)[1:],
        _filters(picture),
    ]
    return method(
        "page",
        parameters,
        f"access.Page[{picture.names.row}]",
        about,
        Group("rows = await self._session.all(", (query, "from_rows")),
        line("return TABLE.paged(rows, order_by, first)"),
    )


def _stream(picture: Picture) -> str:
    options = ("order_by=order_by", "total=False", *passed_on(picture))
    query = Group("*TABLE.select(", ("ROWS", "filters", *options))
    about = "Rows that meet every filter, one after the other, in constant memory."
    return method(
        "stream",
        [_sorts(picture), "batch: int = 500", *reads(picture)[1:], _filters(picture)],
        f"AsyncIterator[{picture.names.row}]",
        about,
        Group("return self._session.stream(", (query, "from_rows", "batch=batch")),
        waits=False,
    )


def _count(picture: Picture) -> str:
    query = Group("*TABLE.matching(", ("COUNT", "filters", *passed_on(picture)))
    body = Group("return await self._session.number(", (query,))
    parameters = [*reads(picture), _filters(picture)]
    return method("count", parameters, "int", "How many rows meet every filter.", body)


def _exists(picture: Picture) -> str:
    query = Group("*TABLE.matching(", ("EXISTS", "filters", "limit=1", *passed_on(picture)))
    body = Group("return await self._session.exists(", (query,))
    parameters = [*reads(picture), _filters(picture)]
    return method("exists", parameters, "bool", "Whether a row meets every filter.", body)


def _one(start: str, constant: str, key: tuple[Field, ...], picture: Picture) -> Group:
    return Group(f"{start} self._session.one(", (either(constant, picture), pair(key), "from_rows"))


def _sorts(picture: Picture) -> str:
    return f"*order_by: {picture.names.sort}"


def _filters(picture: Picture) -> str:
    return f"**filters: Unpack[{picture.names.filter}]"
