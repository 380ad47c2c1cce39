"""Every operation on one row, on every engine, with and without asyncio."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import pytest
from tests.codegen.worlds import everywhere, on_postgresql

from dbdeed import access

D = decimal.Decimal
OLD = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


async def author(lib: Any, db: Any, email: str = "ada", **values: Any) -> Any:
    return await lib.AuthorRepository(db).insert(lib.NewAuthor(email=email, name=email.title(), **values))


async def document(lib: Any, db: Any, by: Any, number: int = 1, **values: Any) -> Any:
    new = {"tenant": "t", "number": number, "title": f"title {number}", "author_id": by.id} | values
    return await lib.DocumentRepository(db).insert(lib.NewDocument(**new))


@everywhere
async def test_a_row_comes_back_as_it_went(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    token, born, wakes = uuid.UUID(int=7), dt.date(1815, 12, 10), dt.time(5, 30, 0, 1)
    joined = dt.datetime(2026, 1, 31, 23, 59, 59, 123456, dt.timezone(dt.timedelta(hours=-5)))
    ada = await author(
        lib,
        db,
        rating=D("9.75"),
        score=0.1,
        born=born,
        wakes=wakes,
        token=token,
        joined_at=joined,
        active=False,
    )
    assert (ada.rating, ada.score, ada.born, ada.wakes, ada.token) == (D("9.75"), 0.1, born, wakes, token)
    assert (ada.active, ada.shout, ada.nickname, ada.version, ada.deleted_at) == (
        False,
        "ADA",
        None,
        1,
        None,
    )
    assert ada.joined_at == joined
    assert ada.joined_at.tzinfo is not None
    assert ada.updated_at == OLD
    assert type(ada.rating) is D
    assert await authors.get(ada.id) == ada
    assert await authors.find(ada.id) == ada
    assert await authors.find_by_email("ada") == ada
    assert await authors.find_by_nickname("ada") is None
    assert await authors.find(ada.id + 1) is None
    with pytest.raises(access.NotFound, match="authors"):
        await authors.get(ada.id + 1)


@everywhere
async def test_what_the_database_decides_cannot_be_set(lib: Any, db: Any) -> None:
    new, changes = lib.NewAuthor.__struct_fields__, lib.AuthorChanges.__struct_fields__
    assert "shout" not in new
    assert not {"id", "shout", "version", "updated_at", "deleted_at"} & set(changes)
    with pytest.raises(TypeError):
        lib.AuthorChanges(shout="x")
    with pytest.raises(AttributeError):
        (await author(lib, db)).name = "x"


@on_postgresql
async def test_an_identity_that_is_always_given_cannot_be_set(lib: Any, db: Any) -> None:
    assert "id" not in lib.NewAuthor.__struct_fields__
    assert not hasattr(lib.AuthorRepository, "upsert")


@everywhere
async def test_composite_keys(lib: Any, db: Any) -> None:
    documents = lib.DocumentRepository(db)
    ada = await author(lib, db)
    one = await document(lib, db, ada, meta={"a": [1, None]}, price=D("1.50"))
    two = await document(lib, db, ada, 2)
    assert (one.status, one.meta, one.price) == (type(one.status).DRAFT, {"a": [1, None]}, D("1.50"))
    assert await documents.get("t", 1) == one
    assert await documents.find_by_tenant_and_title("t", "title 2") == two
    assert await documents.find_many([("t", 2), ("t", 9), ("t", 1), ("t", 2)]) == {
        ("t", 1): one,
        ("t", 2): two,
    }
    changed = await documents.update("t", 1, lib.DocumentChanges(status=type(one.status).OPEN))
    assert (changed.status, changed.meta) == (type(one.status).OPEN, one.meta)
    assert await documents.delete("t", 1) is True
    assert await documents.delete("t", 1) is False
    assert await documents.list() == [two]


@everywhere
async def test_an_update_changes_only_what_is_given(lib: Any, db: Any) -> None:
    profiles = lib.ProfileRepository(db)
    ada = await author(lib, db)
    one = await profiles.insert(
        lib.NewProfile(author_id=ada.id, bio="x", settings={"a": 1}, photo=b"\x00\xff")
    )
    assert await profiles.update(ada.id, lib.ProfileChanges()) == one
    bare = await profiles.update(ada.id, lib.ProfileChanges(photo=None))
    assert (bare.bio, bare.settings, bare.photo) == ("x", {"a": 1}, None)
    with pytest.raises(access.NotFound):
        await profiles.update(ada.id + 1, lib.ProfileChanges(bio="y"))
    with pytest.raises(access.NotFound):
        await profiles.update(ada.id + 1, lib.ProfileChanges())


@everywhere
async def test_every_change_sets_the_moment_and_counts(lib: Any, db: Any) -> None:
    authors, labels = lib.AuthorRepository(db), lib.LabelRepository(db)
    ada = await author(lib, db)
    changed = await authors.update(ada.id, lib.AuthorChanges(name="Countess"), version=1)
    assert (changed.name, changed.version) == ("Countess", 2)
    assert abs(changed.updated_at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
    same = await authors.update(ada.id, lib.AuthorChanges(), version=2)
    assert same == changed
    label = await labels.insert(lib.NewLabel(code="x"))
    assert label.modified_at is None
    assert (await labels.update("x", lib.LabelChanges(note="n"))).modified_at is not None


@on_postgresql
async def test_a_key_that_is_held_later_decides_no_insert(lib: Any, db: Any) -> None:
    ranks = lib.RankRepository(db)
    one = await ranks.upsert(lib.NewRank(id=1, place=1, name="a"))
    assert (await ranks.upsert_by_name(lib.NewRank(id=9, place=2, name="a"))).id == one.id
    assert (await ranks.find_by_place(2)) == await ranks.get(1)
    assert not hasattr(ranks, "upsert_by_place")
    assert not hasattr(ranks, "insert_if_new")
    with pytest.raises(access.UniqueViolation):
        await ranks.insert(lib.NewRank(id=3, place=2))


@on_postgresql
async def test_a_moment_that_a_trigger_keeps_is_left_to_it(lib: Any, db: Any) -> None:
    rows = lib.TouchedRepository(db)
    assert lib.TouchedChanges.__struct_fields__ == ("note",)
    await rows.insert(lib.NewTouched(id=1))
    asked = []
    run = db._run

    def noting(statement: Any, parameters: Any) -> Any:
        asked.append(statement.text)
        return run(statement, parameters)

    db._run = noting
    row = await rows.update(1, lib.TouchedChanges(note="x"))
    assert (row.note, row.updated_at) == ("x", dt.datetime(2001, 2, 3, tzinfo=dt.UTC))
    assert "SET note = $1 WHERE" in asked[0]


@everywhere
async def test_a_row_that_was_changed_meanwhile_is_stale(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    ada = await author(lib, db)
    await authors.update(ada.id, lib.AuthorChanges(name="first"), version=ada.version)
    for changes in (lib.AuthorChanges(name="second"), lib.AuthorChanges()):
        with pytest.raises(access.StaleRow) as stale:
            await authors.update(ada.id, changes, version=ada.version)
        assert stale.value.table == "authors"
    with pytest.raises(access.NotFound):
        await authors.update(ada.id + 1, lib.AuthorChanges(name="x"), version=1)
    with pytest.raises(access.StaleRow):
        await authors.delete(ada.id, version=1)
    assert await authors.delete(ada.id + 1, version=1) is False
    assert (await authors.get(ada.id)).name == "first"
    assert await authors.delete(ada.id, version=2) is True
    # A version under another name, of a table that keeps nothing of what is deleted.
    await document(lib, db, await author(lib, db, "bob"))
    paragraphs = lib.ParagraphRepository(db)
    one = await paragraphs.insert(lib.NewParagraph(tenant="t", number=1, place=1))
    two = await paragraphs.update(one.id, lib.ParagraphChanges(body="b"), lock_version=0)
    assert two.lock_version == 1
    with pytest.raises(access.StaleRow):
        await paragraphs.delete(one.id, lock_version=0)
    assert await paragraphs.delete(one.id) is True


@everywhere
async def test_deleted_rows_are_left_out_and_can_be_restored(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    ada, bob = await author(lib, db), await author(lib, db, "bob")
    assert await authors.delete(ada.id) is True
    assert await authors.delete(ada.id) is False
    assert await authors.find(ada.id) is None
    assert await authors.find_by_email("ada") is None
    assert await authors.find_many([ada.id, bob.id]) == {bob.id: bob}
    assert await authors.list("email") == [bob]
    assert (await authors.page("email")).rows == [bob]
    assert [row async for row in authors.stream()] == [bob]
    assert (await authors.count(), await authors.exists(email="ada")) == (1, False)
    with pytest.raises(access.NotFound):
        await authors.update(ada.id, lib.AuthorChanges(name="x"), version=2)
    gone = await authors.get(ada.id, with_deleted=True)
    assert gone.deleted_at is not None
    assert gone.version == 2
    assert await authors.find_by_email("ada", with_deleted=True) == gone
    assert await authors.find_many([ada.id], with_deleted=True) == {ada.id: gone}
    assert await authors.list("email", with_deleted=True) == [gone, bob]
    assert (await authors.page("email", with_deleted=True)).rows == [gone, bob]
    assert await authors.count(with_deleted=True) == 2
    assert await authors.exists(email="ada", with_deleted=True)
    assert await authors.list(deleted_at=access.not_null(), with_deleted=True) == [gone]
    back = await authors.restore(ada.id)
    assert (back.deleted_at, back.version, back.email) == (None, 3, "ada")
    assert await authors.get(ada.id) == back
    with pytest.raises(access.NotFound):
        await authors.restore(ada.id)
    await authors.delete(ada.id)
    assert await authors.purge(ada.id) is True
    assert await authors.purge(ada.id) is False
    assert await authors.count(with_deleted=True) == 1


@everywhere
async def test_an_upsert_inserts_or_changes(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    ada = await authors.upsert_by_email(lib.NewAuthor(email="ada", name="Ada"))
    assert (ada.name, ada.version) == ("Ada", 1)
    again = await authors.upsert_by_email(
        lib.NewAuthor(email="ada", name="Countess", born=dt.date(1815, 12, 10))
    )
    assert (again.id, again.name, again.version) == (ada.id, "Countess", 2)
    assert again.updated_at > OLD
    told = await authors.upsert_by_email(
        lib.NewAuthor(email="ada", name="not this"), lib.AuthorChanges(rating=D(5))
    )
    assert (told.id, told.name, told.rating, told.born) == (ada.id, "Countess", D(5), again.born)
    await authors.delete(ada.id)
    revived = await authors.upsert_by_email(lib.NewAuthor(email="ada", name="Ada"))
    assert (revived.id, revived.deleted_at) == (ada.id, None)
    nick = await authors.upsert_by_nickname(lib.NewAuthor(email="b", name="B", nickname="bee"))
    assert (
        await authors.upsert_by_nickname(lib.NewAuthor(email="c", name="C", nickname="bee"))
    ).id == nick.id
    await authors.upsert_by_nickname(lib.NewAuthor(email="d", name="D"))
    await authors.upsert_by_nickname(lib.NewAuthor(email="e", name="E"))
    assert await authors.count() == 4


@everywhere
async def test_an_upsert_by_a_key_of_several_columns(lib: Any, db: Any) -> None:
    documents = lib.DocumentRepository(db)
    ada = await author(lib, db)
    new = lib.NewDocument(tenant="t", number=1, title="x", author_id=ada.id)
    one = await documents.upsert(new)
    assert await documents.upsert(new, lib.DocumentChanges()) == one
    dearer = await documents.upsert(
        lib.NewDocument(tenant="t", number=1, title="y", author_id=ada.id, price=D("3.00"))
    )
    assert (dearer.title, dearer.price) == ("y", D("3.00"))
    moved = await documents.upsert_by_tenant_and_title(
        lib.NewDocument(tenant="t", number=9, title="y", author_id=ada.id),
        lib.DocumentChanges(status=type(one.status).CLOSED_FOR_GOOD),
    )
    assert (moved.number, moved.status) == (1, type(one.status).CLOSED_FOR_GOOD)
    assert await documents.count() == 1


@everywhere
async def test_a_row_is_inserted_only_if_it_is_new(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    ada = await authors.insert_if_new(lib.NewAuthor(email="ada", name="Ada"))
    assert await authors.insert_if_new(lib.NewAuthor(email="ada", name="Other")) is None
    assert await authors.list() == [ada]


@everywhere
async def test_violations_say_which_decision_to_take(lib: Any, db: Any) -> None:
    documents = lib.DocumentRepository(db)
    ada = await author(lib, db)
    with pytest.raises(access.UniqueViolation) as unique:
        await author(lib, db)
    assert unique.value.columns == ("email",)
    with pytest.raises(access.ForeignKeyViolation):
        await documents.insert(lib.NewDocument(tenant="t", number=1, title="x", author_id=ada.id + 1))
    with pytest.raises(access.CheckViolation) as check:
        await document(lib, db, ada, price=D(-1))
    assert check.value.constraint == "documents_price_check"
    with pytest.raises(access.NotNullViolation):
        await document(lib, db, ada, title=None)


@everywhere
async def test_a_table_without_a_key_can_be_filled_and_read(lib: Any, db: Any) -> None:
    events = lib.EventRepository(db)
    moment = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001
    for kind in ("b", None, "a"):
        assert (await events.insert(lib.NewEvent(happened_at=moment, kind=kind))).kind == kind
    assert [row.kind for row in await events.list("kind")] == ["a", "b", None]
    assert await events.count(kind=None, happened_at=moment) == 1
    assert await events.insert_many([lib.NewEvent(happened_at=moment)]) == 1
    for name in ("get", "find", "page", "update", "delete", "upsert", "restore"):
        assert not hasattr(events, name)


@everywhere
async def test_odd_names(lib: Any, db: Any) -> None:
    name = next(one for one in lib.__all__ if one.startswith("TheOdd") and one.endswith("Repository"))
    model = name.removesuffix("Repository")
    odd, new, changes = getattr(lib, name)(db), getattr(lib, f"New{model}"), getattr(lib, f"{model}Changes")
    row = await odd.insert(new(limit_=5, order="o", after_="a", first_="f", brace="{0}"))
    assert (row.limit_, row.order, row.after_, row.first_, row.select, row.brace) == (
        5, "o", "a", "f", "x", "{0}",
    )  # fmt: skip
    assert await odd.find_by_select_and_order("x", "o") == row
    await odd.insert_many([new(limit_=6, order="p", brace="{}"), new(limit_=7)])
    page = await odd.page("-brace", "order", first=1)
    page = await odd.page("-brace", "order", first=1, after=page.next)
    assert [one.brace for one in page] == ["{}" if page.rows[0].limit_ == 6 else "{0}"]
    assert (await odd.list(limit=2, limit_=access.ge(6), brace=access.includes("{")))[0].limit_ == 6
    assert (await odd.upsert_by_brace(new(limit_=9, brace="{}"), changes(order="q"))).order == "q"


@everywhere
async def test_a_transaction_is_all_or_nothing(lib: Any, db: Any) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.transaction() as transaction:
            await author(lib, transaction)
            raise ZeroDivisionError
    assert await lib.AuthorRepository(db).count() == 0


@on_postgresql
async def test_arrays_and_ranges(lib: Any, db: Any) -> None:
    from psycopg.types.range import Range

    ada = await author(lib, db)
    status = lib.Status
    valid = Range(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    one = await document(
        lib, db, ada, tags=["x", 'y,{}"', ""], marks=[status.OPEN, status.CLOSED_FOR_GOOD], valid=valid
    )
    assert (one.tags, one.marks, one.valid) == (
        ["x", 'y,{}"', ""],
        [status.OPEN, status.CLOSED_FOR_GOOD],
        valid,
    )
    empty = await lib.DocumentRepository(db).update(
        "t", 1, lib.DocumentChanges(tags=[], marks=None, valid=None)
    )
    assert (empty.tags, empty.marks, empty.valid) == ([], None, None)
