"""The repository of a model: an asynchronous class, from which the synchronous one is derived."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.codegen.python_text import STEP, Group, fold, sentence
from dbdeed.codegen.statements import constant_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.links import Link
    from dbdeed.codegen.picture import Field, Picture

_BODY = STEP * 2
_LIST = re.compile(r"(?<![\w.])list\[")


def repository_class(picture: Picture) -> str:
    """The whole class."""
    methods = [_init(), *_by_key(picture)]
    taken: set[str] = set()
    methods += [_find_by(key, picture, taken) for key in picture.unique_keys]
    methods += [_list_by(field, picture, taken) for field in picture.references]
    for link in picture.links:
        methods += _link(link, picture, taken)
    methods += [_list(picture), _count(picture), _exists(picture), _insert(picture)]
    if picture.has_changes:
        methods.append(_update(picture))
    if picture.key:
        methods.append(_delete(picture))
    about = f'{STEP}"""Reads and writes `{sentence(picture.model.table)}`."""\n\n'
    return f"class {picture.names.repository}:\n{about}" + "\n".join(methods)


def _init() -> str:
    head = fold(Group("def __init__(", ("self", "session: access.Session"), ") -> None:"), STEP)
    return f"{head}\n{_BODY}self._session = session\n"


def _by_key(picture: Picture) -> list[str]:
    if not picture.key:
        return []
    row, key = picture.names.row, picture.key
    found = Group("return access.found(", (f"await self.find({_names(key)})", "TABLE"))
    get = _method("get", _typed(key), row, "The row with this key; raises `access.NotFound`.", found)
    find = _method("find", _typed(key), f"{row} | None", "The row with this key, or None.", _one("FIND", key))
    return [get, find, *([_find_many(picture)] if len(key) == 1 else [])]


def _find_by(key: tuple[Field, ...], picture: Picture, taken: set[str]) -> str:
    name = _free(f"find_by_{'_and_'.join(field.name for field in key)}", taken)
    about = "The row with this key, or None."
    return _method(name, _typed(key), f"{picture.names.row} | None", about, _one(constant_of(key), key))


def _find_many(picture: Picture) -> str:
    field = picture.key[0]
    rows = _all("FIND_MANY", _key_list(picture))
    body = Group("return access.keyed(", (rows, f"lambda row: row.{field.name}"))
    about = "The rows with these keys, by key, in one query."
    result = f"dict[{field.type}, {picture.names.row}]"
    return _method("find_many", [f"keys: Collection[{field.type}]"], result, about, body)


def _list_by(field: Field, picture: Picture, taken: set[str]) -> str:
    name = _free(f"list_by_{field.name}", taken)
    rows = _all(f"BY_{field.name.upper()}", _key_list(picture))
    body = Group("return access.grouped(", ("keys", rows, f"lambda row: row.{field.name}"))
    about = "The rows of each of these, in one query; none is an empty list."
    result = f"dict[{field.type}, Sequence[{picture.names.row}]]"
    return _method(name, [f"keys: Collection[{field.type}]"], result, about, body)


def _link(link: Link, picture: Picture, taken: set[str]) -> list[str]:
    read, add, remove = link.constants
    own, other = link.own_field.type, link.other_field.type
    key = link.other_field
    load = "" if key.load == key.name else f", lambda {key.name}: {key.load}"
    pairs = Group(
        "await self._session.all(",
        (read, f"({_key_list(picture)},)", f"access.beside(from_rows{load})"),
    )
    result = f"dict[{other}, Sequence[{picture.names.row}]]"
    about = "The rows that are linked to each of these, in one query."
    listed = _method(
        _free(f"list_by_{link.other}", taken),
        [f"keys: Collection[{other}]"],
        result,
        about,
        Group("return access.linked(", ("keys", pairs)),
    )
    parameters = [f"{link.own}: {own}", f"{link.other}: {other}"]
    both = f"({link.own}, {link.other})"
    return [
        listed,
        _method(
            _free(f"add_{link.other}", taken),
            parameters,
            "bool",
            "Link the two; False where they were linked already.",
            Group("return await self._session.affects(", (add, both)),
        ),
        _method(
            _free(f"remove_{link.other}", taken),
            parameters,
            "bool",
            "Unlink the two; False where they were not linked.",
            Group("return await self._session.affects(", (remove, both)),
        ),
    ]


def _list(picture: Picture) -> str:
    after = ("after=after",) if picture.key else ()
    query = Group("*TABLE.select(", ("ROWS", "filters", "order_by=order_by", "limit=limit", *after))
    body = Group("return await self._session.all(", (query, "from_rows"))
    about = "Rows that equal all that is given, by `order_by` (`-` is descending)."
    if picture.key:
        about = about.replace(" (`-` is descending)", " (`-` is descending) and key")
        about += f"\n\n{_BODY}The next page begins `after` the last row of this one.\n{_BODY}"
    parameters = [f"*order_by: {picture.names.sort}", "limit: int | None = None"]
    parameters += [f"after: {picture.names.row} | None = None"] if picture.key else []
    parameters.append(_filters(picture))
    return _method("list", parameters, f"Sequence[{picture.names.row}]", about, body)


def _count(picture: Picture) -> str:
    body = Group("return await self._session.number(", ("*TABLE.matching(COUNT, filters)",))
    return _method("count", [_filters(picture)], "int", "How many rows equal all that is given.", body)


def _exists(picture: Picture) -> str:
    query = "*TABLE.matching(EXISTS, filters, limit=1)"
    body = Group("return await self._session.exists(", (query,))
    return _method("exists", [_filters(picture)], "bool", "Whether a row equals all that is given.", body)


def _insert(picture: Picture) -> str:
    one = Group("await self._session.one(", ("*TABLE.insert(new)", "from_rows"))
    body = Group("return access.inserted(", (one, "TABLE"))
    about = "Insert one row, and give it as the database has it."
    return _method("insert", [f"new: {picture.names.new}"], picture.names.row, about, body)


def _update(picture: Picture) -> str:
    query = Group("*TABLE.update(", (_tuple(picture.key), "changes"))
    one = Group("await self._session.one(", (query, "from_rows"))
    body = Group("return access.found(", (one, "TABLE"))
    about = "Change one row by what `changes` gives; raises `access.NotFound`."
    parameters = [*_typed(picture.key), f"changes: {picture.names.changes}"]
    return _method("update", parameters, picture.names.row, about, body)


def _delete(picture: Picture) -> str:
    body = Group("return await self._session.affects(", ("DELETE", _tuple(picture.key)))
    about = "Delete the row with this key; False where there was none."
    return _method("delete", _typed(picture.key), "bool", about, body)


def _method(name: str, parameters: Sequence[str], result: str, about: str, body: Group) -> str:
    # Within the class `list` is the method.
    typed = tuple(_LIST.sub("builtins.list[", parameter) for parameter in ("self", *parameters))
    head = Group(f"async def {name}(", typed, f") -> {_LIST.sub('builtins.list[', result)}:")
    return f'{fold(head, STEP)}\n{_BODY}"""{about}"""\n{fold(body, _BODY)}\n'


def _one(constant: str, key: tuple[Field, ...]) -> Group:
    return Group("return await self._session.one(", (constant, _tuple(key), "from_rows"))


def _all(constant: str, parameter: str) -> Group:
    return Group("await self._session.all(", (constant, f"({parameter},)", "from_rows"))


def _key_list(picture: Picture) -> str:
    return "[*keys]" if picture.dialect.name == "postgresql" else "access.json_array(keys)"


def _filters(picture: Picture) -> str:
    return f"**filters: Unpack[{picture.names.filter}]"


def _typed(fields: tuple[Field, ...]) -> list[str]:
    return [f"{field.name}: {field.type}" for field in fields]


def _names(fields: tuple[Field, ...]) -> str:
    return ", ".join(field.name for field in fields)


def _tuple(fields: tuple[Field, ...]) -> str:
    return f"({_names(fields)},)" if len(fields) == 1 else f"({_names(fields)})"


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free
