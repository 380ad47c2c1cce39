"""Texts that try to break out of SQL: wherever a caller can put one, it stays data.

Names of a document (tables, columns, enum values) are tried in `test_hostile_names`; here the same attacks are
names too, and every place of a call is tried: values, filters, conditions, orders, cursors, keys.
"""

from __future__ import annotations

import asyncio
import base64
import string
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.codegen.worlds import described, everywhere, world

from dbdeed import access
from dbdeed.access import sync
from dbdeed.access.columns import Column, ask, asked
from dbdeed.codegen.generate import generate_files
from dbdeed.codegen.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbdeed.access.statements import Dialect

# What lists of attacks have: quotes and comments of every dialect, stacked statements, unions, escapes,
# placeholders of drivers, format strings, patterns, JSON and array syntax, other quotes, and what COPY reads.
ATTACKS = (
    "'", "''", "'''", '"', '""', "`", "\\", "\\'", '\\"', "'--", "' -- ", "'#", "'/*", "*/", "';", "');",
    "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "1 OR 1=1", "1; DROP TABLE authors", "'; DROP TABLE authors; --",
    "'); DELETE FROM authors; --", "' UNION SELECT * FROM authors --", "x' AND pg_sleep(10) --",
    "' || (SELECT email FROM authors LIMIT 1) || '", "admin'/**/OR/**/1=1", "\\'; SELECT 1; --", "\\\\';--",
    "$1", "$2", "$$", "$tag$", "?", "?1", ":x", "@x", "%s", "%(x)s", "%%", "%", "_", "{}", "{0}", "{x!r}",
    "{{", "}}", "${PATH}", "*", "[a-z]", "]", "[", "null", "NULL", "DEFAULT", "true", "1e999", "NaN",
    "E'\\x27'", "U&'\\0027'", "x'27'", "\u02bc", "\u2019", "\uff07", "\u201c", "\u037e", "\u200b", "\u2028",
    "\t", "\n", "\r", "\r\n", "\\n", "\\N", "\\.", "\x01", "\x1f", "\x7f", "\u00e9", "\U0001f600", "{a,b}",
    '{"a"}', '["a"]', '{"a": 1}', ",", "(", ")", "(1,2)", "a" * 5000, "; COMMIT; DROP TABLE authors; BEGIN",
    "pg_catalog.version()", "current_user", "sqlite_master", "' AND 1=CAST((SELECT 1) AS int) --",
    "\u0000".replace("\u0000", ""), " ", "",
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
FEW = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def stays_data(lib: Any, db: Any, text: str) -> None:
    """A text goes through every operation and comes back as it was; nothing else is found or changed."""
    authors, documents, labels = lib.AuthorRepository(db), lib.DocumentRepository(db), lib.LabelRepository(db)
    other = await authors.upsert_by_email(lib.NewAuthor(email="the other one", name="other"))
    one = await authors.insert(lib.NewAuthor(email=text, name=text, nickname=text))
    assert (one.email, one.name, one.nickname) == (text, text, text)
    assert await authors.find_by_email(text) == one
    assert await authors.find_by_nickname(text) == one
    for filters in (
        {"email": text},
        {"name": access.eq(text), "nickname": text},
        {"name": access.any_of([text])},
        {"name": access.any_of([text, "' OR 1=1 --"])},
        {"name": access.between(text, text)},
        {"name": access.ge(text) & access.le(text)},
        {"name": access.starts_with(text) & access.ends_with(text), "email": text},
        {"name": access.includes(text) & access.eq(text)},
        {"name": access.none_of(["other"])},
        {"name": access.ne("other")},
    ):
        assert await authors.list(**filters) == [one], filters
        assert await authors.count(**filters) == 1
    assert await authors.count(name=access.ne(text)) == 1
    assert await authors.list(name=access.none_of([text])) == [other]
    assert await authors.count(name=access.like(text.replace("\\", "\\\\")) & access.eq(text)) == 1
    page = await authors.page("name", first=1)
    rest = await authors.page("name", first=1, after=page.next)
    assert {row.id for row in [*page, *rest]} == {one.id, other.id}
    changed = await authors.update(one.id, lib.AuthorChanges(name=f"{text}!"), version=1)
    assert changed.name == f"{text}!"
    again = await authors.upsert_by_email(lib.NewAuthor(email=text, name=text))
    assert (again.id, again.name) == (one.id, text)
    await documents.insert_many(
        [lib.NewDocument(tenant=text, number=1, title=text, author_id=one.id, meta=text)]
    )
    (document,) = await documents.insert_many_returning(
        [lib.NewDocument(tenant=text, number=2, title=f"{text}2", author_id=one.id, meta={text: [text]})]
    )
    assert document.meta == {text: [text]}
    assert (await documents.get(text, 1)).meta == text
    assert set(await documents.find_many([(text, 1), (text, 2), ("' OR 1=1", 1)])) == {(text, 1), (text, 2)}
    await labels.insert(lib.NewLabel(code=text, note=text))
    assert await documents.add_label(text, 1, text)
    assert [label.code for label in (await documents.with_labels([document]))[0][1]] == []
    linked = await documents.list_by_label_code([text, "' OR 1=1"])
    assert [row.number for row in linked[text]] == [1]
    assert [row.code async for row in labels.stream(code=text)] == [text]
    assert await documents.remove_label(text, 1, text)
    assert await labels.purge(text)
    for number in (1, 2):
        assert await documents.delete(text, number)
    assert await authors.purge(one.id)
    assert await authors.list() == [other]


@everywhere
async def test_attacks_stay_data(lib: Any, db: Any) -> None:
    async with db.transaction() as transaction:
        for text in ATTACKS:
            await stays_data(lib, transaction, text)


@everywhere
async def test_attacks_are_no_orders_no_filters_and_no_cursors(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    await authors.insert_many(lib.NewAuthor(email=str(n), name="x") for n in range(3))
    for text in ATTACKS:
        with pytest.raises(access.StatementFailed, match="no such attribute"):
            await authors.list(text)
        with pytest.raises(access.StatementFailed, match="no such attribute"):
            await authors.page("name", f"-{text}")
        with pytest.raises(access.StatementFailed, match="no such attribute"):
            await authors.count(**{text: 1})
        with pytest.raises(access.StatementFailed, match="no such attribute"):
            await authors.list(**{f"email = '' OR {text}": 1})
        with pytest.raises(access.InvalidCursor):
            await authors.page(after=text)
        with pytest.raises(access.StatementFailed):
            await authors.list(name=access.Condition(text, ("x",)))
    assert await authors.count() == 3


@everywhere
async def test_wrong_types_are_refused_and_stay_data(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    await authors.insert_many(lib.NewAuthor(email=str(n), name="x") for n in range(3))
    for text in ("1 OR 1=1", "1; DROP TABLE authors", "' OR '1'='1"):
        for filters in ({"id": text}, {"id": access.any_of([text])}, {"id": access.between(text, text)}):
            try:
                found = await authors.list(**filters)
            except access.AccessError:
                found = []  # SQLite compares any two values, and finds them different
            assert found == []
        with pytest.raises((access.AccessError, TypeError, ValueError)):
            await authors.list(limit=text)
        with pytest.raises((access.AccessError, TypeError, ValueError)):
            await authors.page(first=text)
    with pytest.raises(access.InvalidValue):
        await authors.list(name="\ud800")
    for text in ("a\0b", "\0"):
        try:
            one = await authors.insert(lib.NewAuthor(email=text, name=text))
        except access.InvalidValue:
            continue  # PostgreSQL knows no such texts
        assert one.name == text
        assert await authors.list(name=text) == [one]
        with pytest.raises(access.InvalidValue, match="NUL"):
            await authors.list(name=access.any_of([text]))
        assert await authors.purge(one.id)
    assert await authors.count() == 3


@pytest.mark.parametrize("engine", ["PostgreSQL 18", "SQLite"])
def test_a_forged_cursor_only_begins_a_page_elsewhere(engine: str, tmp_path: Path) -> None:
    """Whoever knows how a digest is made can put any values into one: their types are held, and no more."""
    import msgspec

    from dbdeed.access import pages

    here = world(engine)
    package = import_module(f"{here.package}.sync")
    types = import_module(here.package)
    order = [("name", False), ("id", False)]

    def forged(*values: Any) -> str:
        packed = msgspec.msgpack.encode(values)
        return (
            base64.urlsafe_b64encode(pages._digest(packed, "authors", order) + packed).rstrip(b"=").decode()
        )

    with here.copy(tmp_path) as address, sync.Database(address) as db:
        authors = package.AuthorRepository(db)
        authors.insert_many(types.NewAuthor(email=str(n), name=f"n{n}") for n in range(3))
        assert len(authors.page("name", after=forged("n0", 2**62)).rows) == 2
        for text in ATTACKS:
            rows = authors.page("name", after=forged(text, 1)).rows
            assert len(rows) <= 3
        for values in (
            (),
            ("n0",),
            ("n0", 1, 2),
            ("n0", "1 OR 1=1"),
            (1, 1),
            (None, 1),
            ("n0", None),
            ("n0", 1.5),
            (["n0"], 1),
            ({"n0": 1}, 1),
        ):
            with pytest.raises(access.InvalidCursor):
                authors.page("name", after=forged(*values))
        assert authors.count() == 3


@pytest.fixture(scope="module", params=["PostgreSQL 18", "SQLite"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The library's package, and an open database for many small tries."""
    here = world(request.param)
    with here.copy(tmp_path_factory.mktemp("opened")) as address:
        loop = asyncio.new_event_loop()
        database = access.Database(address)
        loop.run_until_complete(database.open())

        def try_out(work: Callable[..., Any], *arguments: Any) -> Any:
            async def rolled_back() -> None:
                async with database.transaction() as transaction:
                    await work(import_module(here.package), transaction, *arguments)
                    raise _EnoughError

            with pytest.raises(_EnoughError):
                loop.run_until_complete(rolled_back())

        yield try_out
        loop.run_until_complete(database.close())
        loop.close()


class _EnoughError(Exception):
    """Ends a transaction."""


@FEW
@given(text=TEXT)
def test_any_text_stays_data(opened: Any, text: str) -> None:
    if text != "the other one":
        opened(stays_data, text)


@FEW
@given(text=st.text(max_size=30), cursor=st.text(string.ascii_letters + string.digits + "-_", max_size=80))
def test_no_text_is_an_order_or_a_cursor(opened: Any, text: str, cursor: str) -> None:
    async def work(lib: Any, db: Any) -> None:
        authors = lib.AuthorRepository(db)
        if text.removeprefix("-") not in lib.Author.__struct_fields__:
            with pytest.raises(access.StatementFailed):
                await authors.list(text)
        for one in (cursor, text):
            with pytest.raises(access.InvalidCursor):
                await authors.page("name", after=one)

    opened(work)


@settings(max_examples=200)
@given(name=st.text(min_size=1, max_size=20), operator=st.text(max_size=20), value=TEXT)
def test_no_value_and_no_operator_reaches_the_text_of_a_statement(
    name: str, operator: str, value: str
) -> None:
    column = Column(f'"{name}"', "text", str, nullable=True)
    marked = f"a value: {value}"
    dialects: tuple[Dialect, ...] = ("postgresql", "sqlite")
    for dialect in dialects:
        for condition in (
            marked,
            access.ne(marked),
            access.any_of([marked, None]),
            access.none_of([marked]),
            access.like(marked),
            access.includes(marked, ignore_case=True),
            access.between(marked, marked) | access.eq(marked),
        ):
            values: list[object] = []
            shape = ask(column, condition, dialect, values)
            text = asked(column, shape, dialect, lambda: "?")
            assert text.replace(column.sql, "").count("?") == len(values)
            assert marked not in text.replace(column.sql, "")
        try:
            shape = ask(column, access.Condition(operator, ("x",)), dialect, [])
            text = asked(column, shape, dialect, lambda: "?")
        except (access.StatementFailed, AssertionError, ValueError):
            continue
        assert operator in (
            "eq", "ne", "lt", "le", "gt", "ge", "like", "ilike", "contains", "overlaps", "contains_value",
            "contains_json", "null", "not_null", "never", "always", "between",
        )  # fmt: skip


def _enum_of(package: Any, row: Any) -> Any:
    """The enum class of the attribute `kind`."""
    return getattr(package, row.__annotations__["kind"].removesuffix(" | None"))


@pytest.mark.parametrize("engine", ["PostgreSQL 15", "PostgreSQL 18", "SQLite"])
def test_attacks_as_names_of_a_document_stay_names(engine: str, tmp_path: Path, monkeypatch: Any) -> None:
    """Tables and columns that are called as attacks are, from the catalog to every operation."""
    names = [text for text in ATTACKS if text.strip() and 0 < len(text.encode()) < 50 and "\x00" not in text]
    names = list({name.casefold(): name for name in names}.values())
    here = world(engine)

    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def sql(table: str) -> str:
        columns = ", ".join(f"{quoted(name)} text" for name in names)
        kind = '"a kind; --"' if here.is_postgresql else f"text CHECK (kind_ IN ({listed}))"
        return (
            f"CREATE TABLE {quoted(table)} (id INTEGER PRIMARY KEY, kind_ {kind}, {columns}, "
            f"UNIQUE ({quoted(names[5])}))"
        )

    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    tables = ["'; DROP TABLE authors; --", 'a"b', "{0}%s$1?", "x\\'--", "\u2019\n*/"]
    with here.copy(tmp_path) as address:
        with sync.Database(address) as db:
            if here.is_postgresql:
                db.execute(f'CREATE TYPE "a kind; --" AS ENUM ({listed})')
            for table in tables:
                db.execute(sql(table))
        folder = tmp_path / f"attacked_{here.package}"
        model = described(address)
        for path, text in generate_files(model, Settings()).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        package = import_module(folder.name)
        from dbdeed.codegen.names import names_of

        called = names_of(model)
        with sync.Database(address) as db:
            for one in model.models:
                if one.table not in tables:
                    continue
                own = called.of(one)
                rows = getattr(import_module(f"{folder.name}.sync"), own.repository)(db)
                values = {own.attribute(name): f"value of {name}" for name in names}
                row = rows.insert(getattr(package, own.new)(id=1, **values))
                assert {name: getattr(row, name) for name in values} == values
                rows.insert_many([getattr(package, own.new)(id=2, **dict.fromkeys(values, "2"))])
                for name, value in values.items():
                    assert rows.list(f"-{name}", **{name: access.starts_with(value)}) == [row]
                    page = rows.page(name, first=1)
                    assert len(rows.page(name, first=1, after=page.next).rows) == 1
                kinds = list(_enum_of(package, getattr(package, own.row)))
                assert sorted(kind.value for kind in kinds) == sorted(names)
                for kind in kinds:
                    changed = rows.update(1, getattr(package, own.changes)(kind=kind))
                    assert changed.kind is kind
                    assert rows.list(kind=access.any_of([kind])) == [changed]
                rows.update(1, getattr(package, own.changes)(kind=None))
                key = own.attribute(names[5])
                assert getattr(rows, f"find_by_{key}")(values[key]) == row
                changes = getattr(package, own.changes)(**dict.fromkeys(values, "'; --"))
                assert rows.update(1, changes).id == 1
                assert rows.delete(1) is True
                assert rows.count() == 1
