"""Methods that write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.method import line, method, names, pair, typed
from dbdeed.codegen.python_text import Group, literal

if TYPE_CHECKING:
    from dbdeed.codegen.picture import Field, Picture


def inserts(picture: Picture) -> list[str]:
    """One row, many rows, and a row that may be there already."""
    row, new = picture.names.row, picture.names.new
    one = Group("await self._session.first(", ("TABLE.insert(new)", "from_rows"))
    rows = ("self._session", "TABLE", "new")
    made = [
        method(
            "insert",
            [f"new: {new}"],
            row,
            "Insert one row, and give it as the database has it.",
            Group("return access.inserted(", (one, "TABLE")),
        ),
        method(
            "insert_many",
            [f"new: Iterable[{new}]"],
            "int",
            "Insert rows in the fastest way, all or none; how many they were.",
            Group("return await access.insert_many(", rows),
        ),
        method(
            "insert_many_returning",
            [f"new: Iterable[{new}]"],
            f"Sequence[{row}]",
            "Insert rows, all or none, and give them as the database has them.",
            Group("return await access.insert_returning(", (*rows, "from_rows")),
        ),
    ]
    keys = picture.model.keys
    if keys and not any(key.deferrable for key in keys):
        about = "Insert one row; None where another has one of its unique keys."
        query = ("TABLE.insert_if_new(new)", "from_rows")
        body = Group("return await self._session.first(", query)
        made.append(method("insert_if_new", [f"new: {new}"], f"{row} | None", about, body))
    return made + _upserts(picture)


def changes(picture: Picture) -> list[str]:
    """update, delete, and what there is for rows that are kept when they are deleted."""
    made = [_update(picture)] if picture.has_changes else []
    if picture.key:
        made.append(_delete(picture))
    if picture.key and picture.deleted:
        made += [_restore(picture), _purge(picture)]
    return made


def _upserts(picture: Picture) -> list[str]:
    keys = [("upsert", picture.key)]
    keys += [(f"upsert_{finder.name}", finder.fields) for finder in picture.finders]
    return [_upsert(name, key, picture) for name, key in keys if key and _can_conflict(key, picture)]


def _can_conflict(key: tuple[Field, ...], picture: Picture) -> bool:
    """A row can be given this key, and the database can say at once that another has it."""
    return all(field.writable for field in key) and not picture.is_deferrable(key)


def _upsert(name: str, key: tuple[Field, ...], picture: Picture) -> str:
    row = picture.names.row
    columns = f"({', '.join(literal(field.name) for field in key)}{',' if len(key) == 1 else ''})"
    given = ("changes",) if picture.has_changes else ()
    one = Group("await self._session.first(", (Group("TABLE.upsert(", ("new", columns, *given)), "from_rows"))
    about = "Insert one row, or change the one that has this key."
    if given:
        about += "\nIt is changed by `changes`, else to what `new` gives; by empty ones, not at all."
    parameters = [f"new: {picture.names.new}"]
    parameters += [f"changes: {picture.names.changes} | None = None"] if given else []
    return method(name, parameters, row, about, Group("return access.inserted(", (one, "TABLE")))


def _update(picture: Picture) -> str:
    row, key, version = picture.names.row, picture.key, picture.version
    parameters = [*typed(key), f"changes: {picture.names.changes}"]
    query = Group("TABLE.update(", (pair(key), "changes", *([version.name] if version else [])))
    one = Group("await self._session.first(", (query, "from_rows"))
    if version is None:
        about = "Change one row by what `changes` gives; raises `access.NotFound`."
        return method("update", parameters, row, about, Group("return access.found(", (one, "TABLE")))
    about = (
        f"Change one row by what `changes` gives, if its {version.name} is still this one.\n"
        "Raises `access.NotFound`, or `access.StaleRow` where it was changed meanwhile."
    )
    return method(
        "update",
        [*parameters, "*", f"{version.name}: int"],
        row,
        about,
        Group("row = await self._session.first(", (query, "from_rows")),
        line("if row is None:"),
        line(f"    raise TABLE.missing(await self.find({names(key)}))"),
        line("return row"),
    )


def _delete(picture: Picture) -> str:
    key, version = picture.key, picture.version
    what = "Delete the row, so that it can be restored" if picture.deleted else "Delete the row with this key"
    about = f"{what}; False where there was none."
    if version is None:
        body = Group("return await self._session.affects(", ("DELETE", pair(key)))
        return method("delete", typed(key), "bool", about, body)
    name = version.name
    about += f"\nRaises `access.StaleRow` where its {name} is not the one that is given."
    values = (
        f"({names(key)}, {name}, {name})" if picture.dialect.name == "sqlite" else f"({names(key)}, {name})"
    )
    return method(
        "delete",
        [*typed(key), "*", f"{name}: int | None = None"],
        "bool",
        about,
        Group("done = await self._session.affects(", ("DELETE", values)),
        line(f"if not done and {name} is not None:"),
        line(f"    row = await self.find({names(key)})"),
        line("    if row is not None:"),
        line("        raise TABLE.missing(row)"),
        line("return done"),
    )


def _restore(picture: Picture) -> str:
    one = Group("await self._session.one(", ("RESTORE", pair(picture.key), "from_rows"))
    about = "Undo the deletion of a row; raises `access.NotFound` where there is none."
    body = Group("return access.found(", (one, "TABLE"))
    return method("restore", typed(picture.key), picture.names.row, about, body)


def _purge(picture: Picture) -> str:
    body = Group("return await self._session.affects(", ("PURGE", pair(picture.key)))
    about = "Delete the row for good, deleted before or not; False where there was none."
    return method("purge", typed(picture.key), "bool", about, body)
