"""Lists by what rows are asked to meet, their order, pages and streams, on every engine."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import pytest
from tests.codegen.worlds import everywhere, on_postgresql

from dbdeed import access

D = decimal.Decimal


async def people(lib: Any, db: Any) -> Any:
    """Five, named by their e-mail; every other value is null for `e`."""
    authors = lib.AuthorRepository(db)
    for number, email in enumerate("abcd"):
        await authors.insert(
            lib.NewAuthor(
                email=email,
                nickname=f"nick_{email}%",
                name=email.upper() * 2,
                active=number % 2 == 0,
                rating=D(number) / 2,
                score=number / 4,
                born=dt.date(2000 + number, 1, 1),
                wakes=dt.time(number),
                token=uuid.UUID(int=number),
                joined_at=dt.datetime(2026, 1, number + 1, tzinfo=dt.UTC),
            )
        )
    await authors.insert(lib.NewAuthor(email="e", name="EE"))
    return authors


async def emails(authors: Any, **filters: Any) -> str:
    return "".join(row.email for row in await authors.list("email", **filters))


@everywhere
async def test_conditions_of_numbers_and_moments(lib: Any, db: Any) -> None:
    authors = await people(lib, db)
    for condition, found in (
        (D("0.5"), "b"),
        (None, "e"),
        (access.eq(D("0.5")), "b"),
        (access.eq(None), "e"),
        (access.ne(D("0.5")), "acde"),
        (access.ne(None), "abcd"),
        (access.not_null(), "abcd"),
        (access.lt(D("0.5")), "a"),
        (access.le(D("0.5")), "ab"),
        (access.gt(D("0.5")), "cd"),
        (access.ge(D("0.5")), "bcd"),
        (access.between(D("0.5"), D(1)), "bc"),
        (access.any_of([D(0), D("1.5")]), "ad"),
        (access.any_of([D(0), None]), "ae"),
        (access.any_of([]), ""),
        (access.any_of([None]), "e"),
        (access.none_of([D(0), D("1.5")]), "bce"),
        (access.none_of([D(0), None]), "bcd"),
        (access.none_of([]), "abcde"),
        (access.gt(D(0)) & access.lt(D(1)), "b"),
        (access.lt(D("0.5")) | access.gt(D(1)), "ad"),
        (access.gt(D(0)) & (access.lt(D(1)) | access.gt(D("1.2"))), "bd"),
        (access.none_of([D(0), None]) | access.eq(None), "bcde"),
    ):
        assert await emails(authors, rating=condition) == found, condition
        assert await authors.count(rating=condition) == len(found)
        assert await authors.exists(rating=condition) == bool(found)
    assert await emails(authors, born=access.ge(dt.date(2002, 1, 1))) == "cd"
    assert await emails(authors, wakes=access.any_of([dt.time(1), dt.time(3)])) == "bd"
    assert await emails(authors, token=access.any_of([uuid.UUID(int=2), uuid.UUID(int=3)])) == "cd"
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert await emails(authors, joined_at=access.le(moment)) == "ab"
    assert await emails(authors, joined_at=access.any_of([moment])) == "b"
    assert await emails(authors, active=access.ne(True), rating=access.not_null()) == "bd"
    assert await emails(authors, active=access.any_of([False])) == "bd"
    assert await emails(authors, score=access.gt(0.25), active=True, born=access.not_null()) == "c"


@everywhere
async def test_conditions_of_texts(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    for number, name in enumerate(("100%", "100x", "a_b", "aXb", "A*B", "a[b]", "a\\b", "\u00c4pfel")):
        await authors.insert(lib.NewAuthor(email=str(number), name=name))
    for condition, found in (
        (access.like("100%"), "01"),
        (access.like("100\\%"), "0"),
        (access.like("a_b"), "236"),
        (access.like("a\\_b"), "2"),
        (access.like("a%"), "2356"),
        (access.ilike("a%"), "23456"),
        (access.like("A%", ignore_case=True), "23456"),
        (access.starts_with("100%"), "0"),
        (access.starts_with("a["), "5"),
        (access.starts_with("a\\"), "6"),
        (access.starts_with("A*"), "4"),
        (access.starts_with("A*", ignore_case=True), "4"),
        (access.ends_with("_b"), "2"),
        (access.ends_with("B]", ignore_case=True), "5"),
        (access.includes("*"), "4"),
        (access.includes("?"), ""),
        (access.includes("\u00e4"), ""),
        (access.includes("\u00c4"), "7"),
        (access.includes("X") | access.includes("x"), "13"),
        (access.lt("A"), "01"),
        (access.any_of(["a_b", "100%"]), "02"),
    ):
        assert await emails(authors, name=condition) == found, condition.values
    assert await emails(authors, nickname=access.like("%")) == ""


@everywhere
async def test_conditions_of_enums_bytes_and_json(lib: Any, db: Any) -> None:
    authors = await people(lib, db)
    ada = (await authors.list(limit=1))[0]
    documents = lib.DocumentRepository(db)
    new = {"tenant": "t", "author_id": ada.id}
    one = await documents.insert(lib.NewDocument(number=1, title="1", meta={"a": 1}, **new))
    status = type(one.status)
    await documents.insert(lib.NewDocument(number=2, title="2", status=status.CLOSED_FOR_GOOD, **new))
    assert await documents.count(status=status.CLOSED_FOR_GOOD) == 1
    assert await documents.count(status=access.ne(status.DRAFT)) == 1
    assert await documents.count(status=access.any_of([status.DRAFT, status.OPEN])) == 1
    assert [row.number for row in await documents.list(meta=None)] == [2]
    assert [row.number for row in await documents.list(meta=access.not_null())] == [1]
    blobs = lib.BlobRepository(db)
    await blobs.insert_many([lib.NewBlob(digest=bytes([n, 0, 255]), size=n) for n in range(3)])
    assert (await blobs.list(digest=access.any_of([b"\x01\x00\xff", b""])))[0].size == 1
    assert (await blobs.list(digest=b"\x02\x00\xff"))[0].size == 2
    assert await blobs.count(digest=access.gt(b"\x00\xff")) == 2


@on_postgresql
async def test_conditions_of_arrays_ranges_and_json(lib: Any, db: Any) -> None:
    from psycopg.types.range import Range

    authors = await people(lib, db)
    ada = (await authors.list(limit=1))[0]
    documents, status = lib.DocumentRepository(db), lib.Status
    for number, tags in enumerate((["a", "b"], ["b"], [])):
        await documents.insert(
            lib.NewDocument(
                tenant="t",
                number=number,
                title=str(number),
                author_id=ada.id,
                tags=tags,
                marks=[status.OPEN, status.CLOSED_FOR_GOOD][:number] if number else None,
                meta={"n": number, "in": {"tags": tags}},
                valid=Range(dt.date(2020 + number, 1, 1), dt.date(2021 + number, 1, 1)) if number else None,
            )
        )

    async def numbers(**filters: Any) -> list[int]:
        return [row.number for row in await documents.list(**filters)]

    assert await numbers(tags=["b"]) == [1]
    assert await numbers(tags=[]) == [2]
    assert await numbers(tags=access.contains(["b"])) == [0, 1]
    assert await numbers(tags=access.overlaps(["a", "x"])) == [0]
    assert await numbers(tags=access.any_of([])) == []
    assert await numbers(tags=access.any_of([["b"], []])) == [1, 2]
    assert await numbers(tags=access.none_of([["b"], []])) == [0]
    assert await numbers(marks=access.any_of([None, [status.OPEN]])) == [0, 1]
    assert await numbers(marks=access.none_of([None, [status.OPEN]])) == [2]
    assert await numbers(marks=access.none_of([])) == [0, 1, 2]
    assert await numbers(marks=access.contains([status.CLOSED_FOR_GOOD])) == [2]
    assert await numbers(marks=None) == [0]
    assert await numbers(meta=access.contains_json({"in": {"tags": ["b"]}})) == [0, 1]
    assert await numbers(valid=access.contains_value(dt.date(2021, 5, 5))) == [1]
    assert await numbers(valid=access.overlaps(Range(dt.date(2021, 5, 5), dt.date(2022, 5, 5)))) == [1, 2]
    assert await numbers(valid=Range(dt.date(2022, 1, 1), dt.date(2023, 1, 1))) == [2]


@everywhere
async def test_pages_hold_every_row_once_in_order(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    await authors.insert_many(
        lib.NewAuthor(
            email=str(n),
            name=f"name {n % 3}",
            nickname=None if n % 4 == 0 else str(n),
            born=None if n % 5 == 0 else dt.date(2000 + n % 3, 1, 1),
            rating=None if n % 7 == 0 else D(n % 5) / 4,
            score=None if n % 3 == 0 else n % 4 / 3,
            active=n % 2 == 0,
            wakes=dt.time(n % 4, 0, 0, n),
            joined_at=dt.datetime(2026, 1, 1 + n % 3, 0, 0, 0, n % 2, tzinfo=dt.UTC),
        )
        for n in range(23)
    )
    whole = await authors.list("id")
    assert len(whole) == 23
    for order in (
        (),
        ("id",),
        ("-id",),
        ("name",),
        ("-name", "-id"),
        ("-name", "id"),
        ("born",),
        ("-born",),
        ("born", "-nickname", "name"),
        ("-rating", "score", "-born"),
        ("rating", "-score"),
        ("-active", "name"),
        ("wakes", "token"),
        ("-joined_at", "email"),
        ("email",),
    ):
        rows = await authors.list(*order)
        assert len({row.id for row in rows}) == 23
        for first in (1, 4, 22, 23, 50):
            if first == 1 and order != ("-rating", "score", "-born"):
                continue
            page = await authors.page(*order, first=first)
            pages = [*page]
            while page.next:
                assert len(page) == first
                page = await authors.page(*order, first=first, after=page.next)
                pages.extend(page.rows)
            assert pages == rows, (order, first)
    by_born = [row.born for row in await authors.list("born")]
    assert by_born == sorted(by_born, key=lambda born: (born is None, born or dt.date.min))
    down = [row.born for row in await authors.list("-born")]
    assert down == by_born[::-1]


@everywhere
async def test_pages_of_filters_and_of_keys_of_several_columns(lib: Any, db: Any) -> None:
    authors = await people(lib, db)
    ada = (await authors.list(limit=1))[0]
    documents = lib.DocumentRepository(db)
    await documents.insert_many(
        lib.NewDocument(tenant=f"t{n % 3}", number=n, title=str(n), author_id=ada.id) for n in range(9)
    )
    one = (await documents.list(limit=1))[0]
    for order in ((), ("-tenant",), ("status", "-price"), ("-number",)):
        rows = await documents.list(*order, tenant=access.ne("t1"), status=one.status)
        page = await documents.page(*order, first=2, tenant=access.ne("t1"), status=one.status)
        pages = [*page]
        while page.next:
            page = await documents.page(
                *order, first=2, after=page.next, tenant=access.ne("t1"), status=one.status
            )
            pages.extend(page)
        assert pages == rows
        assert len(pages) == 6
    # The next page is right though rows came and went between the pages.
    page = await documents.page("number", first=3)
    await documents.delete("t0", 0)
    await documents.delete("t2", 2)
    await documents.insert(lib.NewDocument(tenant="t", number=-1, title="new", author_id=ada.id))
    assert [row.number for row in await documents.page("number", first=3, after=page.next)] == [3, 4, 5]


@everywhere
async def test_wrong_orders_filters_limits_and_cursors_are_refused(lib: Any, db: Any) -> None:
    authors = await people(lib, db)
    with pytest.raises(access.StatementFailed, match="no such attribute"):
        await authors.list("id; DROP TABLE authors")
    with pytest.raises(access.StatementFailed, match="no such attribute"):
        await authors.count(**{"1 = 1 OR id": 1})
    with pytest.raises(access.StatementFailed, match="negative"):
        await authors.list(limit=-1)
    for first in (0, -1):
        with pytest.raises(access.StatementFailed, match="at least one"):
            await authors.page(first=first)
    assert await authors.list(limit=0) == []
    cursor = (await authors.page("name", first=2)).next
    other = (await authors.page("-name", first=2)).next
    for wrong in (
        "",
        "x",
        cursor[:-1],
        cursor + "A",
        cursor[:9] + "A" + cursor[10:],
        other,
        "\u00e9",
        "=" * 9,
        "%00",
    ):
        if wrong == cursor:
            continue
        with pytest.raises(access.InvalidCursor):
            await authors.page("name", first=2, after=wrong)
    assert len(await authors.page("name", first=2, after=cursor)) == 2


@everywhere
async def test_a_stream_gives_every_row(lib: Any, db: Any) -> None:
    labels = lib.LabelRepository(db)
    await labels.insert_many(lib.NewLabel(code=f"{n:04}") for n in range(1200))
    codes = [row.code async for row in labels.stream("-code", batch=100)]
    assert codes == [f"{n:04}" for n in reversed(range(1200))]
    assert len([row async for row in labels.stream(code=access.lt("0010"))]) == 10
    async for row in labels.stream():
        assert row.code
        break
    assert await labels.count() == 1200
