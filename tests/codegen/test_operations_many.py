"""Many rows at once, and what belongs to a list of rows, on every engine."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pytest
from tests.codegen.worlds import everywhere, on_postgresql

from dbdeed import access

D = decimal.Decimal


async def authors_of(lib: Any, db: Any, *emails: str) -> list[Any]:
    found = await lib.AuthorRepository(db).insert_many_returning(
        [lib.NewAuthor(email=email, name=email) for email in emails]
    )
    return list(found)


@everywhere
async def test_many_rows_are_inserted(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    new = [
        lib.NewAuthor(
            email=str(n),
            name='a\tb\n\\N"',
            nickname=None if n % 3 else str(n),
            rating=D(n) / 4,
            born=dt.date(2000, 1, 1),
            joined_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            active=n % 2 == 0,
        )
        for n in range(2500)
    ]
    assert await authors.insert_many(iter(new)) == 2500
    rows = await authors.list("id")
    assert [row.email for row in rows] == [one.email for one in new]
    assert rows[7].name == 'a\tb\n\\N"'
    assert (rows[6].nickname, rows[7].nickname) == ("6", None)
    assert (rows[7].rating, rows[7].born, rows[7].active) == (D("1.75"), dt.date(2000, 1, 1), False)
    assert await authors.insert_many([]) == 0


@everywhere
async def test_many_rows_come_back_in_their_order(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    new = [
        lib.NewAuthor(email=str(n), name="x", active=False)
        if n % 10 == 3
        else lib.NewAuthor(email=str(n), name="y", nickname=str(n))
        for n in range(2100)
    ]
    rows = await authors.insert_many_returning(new)
    assert [row.email for row in rows] == [one.email for one in new]
    assert [row.active for row in rows[:5]] == [True, True, True, False, True]
    assert len({row.id for row in rows}) == 2100
    assert await authors.insert_many_returning([]) == []


@everywhere
async def test_many_rows_are_all_or_none(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    new = [lib.NewAuthor(email=str(n), name="x") for n in range(1500)]
    mixed = [*new, lib.NewAuthor(email="7", name="again", active=False)]
    for twice in ([*new, new[7]], mixed):
        with pytest.raises(access.UniqueViolation):
            await authors.insert_many(twice)
        with pytest.raises(access.UniqueViolation):
            await authors.insert_many_returning(twice)
    assert await authors.count() == 0
    async with db.transaction() as transaction:
        inside = lib.AuthorRepository(transaction)
        await inside.insert_many(mixed[7:-1])
        with pytest.raises(access.UniqueViolation):
            async with transaction.transaction() as part:
                await lib.AuthorRepository(part).insert_many(mixed)
        await inside.insert_many_returning(mixed[:7])
    assert await authors.count() == 1500


@everywhere
async def test_rows_that_leave_all_to_the_database(lib: Any, db: Any) -> None:
    labels = lib.LabelRepository(db)
    assert await labels.insert_many(lib.NewLabel(code=str(n), note="{}%$1?") for n in range(3)) == 3
    assert {row.note for row in await labels.list()} == {"{}%$1?"}
    profiles = lib.ProfileRepository(db)
    people = await authors_of(lib, db, "a", "b")
    await profiles.insert_many(
        [
            lib.NewProfile(author_id=people[0].id, bio="x", settings={"a": [1, None]}, photo=b"\x00\xff"),
            lib.NewProfile(author_id=people[1].id, bio="y"),
        ]
    )
    found = await profiles.find_many([one.id for one in people])
    assert (found[people[0].id].settings, found[people[0].id].photo) == ({"a": [1, None]}, b"\x00\xff")
    assert (found[people[1].id].settings, found[people[1].id].photo) == ({}, None)


@on_postgresql
async def test_many_rows_with_arrays_and_ranges(lib: Any, db: Any) -> None:
    from psycopg.types.range import Range

    (ada,) = await authors_of(lib, db, "ada")
    documents, status = lib.DocumentRepository(db), lib.Status
    valid = Range(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
    new = [
        lib.NewDocument(
            tenant=tenant,
            number=n,
            title=str(n),
            author_id=ada.id,
            tags=["x", 'y,{}"', ""],
            marks=[status.OPEN, status.CLOSED_FOR_GOOD],
            valid=valid,
            meta={"n": n},
            status=status.OPEN,
        )
        for tenant in ("copied", "returned")
        for n in range(3)
    ]
    await documents.insert_many(new[:3])
    returned = await documents.insert_many_returning(new[3:])
    rows = await documents.list()
    assert rows[3:] == returned
    for row in rows:
        assert (row.tags, row.marks, row.valid) == (new[0].tags, new[0].marks, valid)
        assert (row.meta, row.status) == ({"n": row.number}, status.OPEN)


@everywhere
async def test_each_row_beside_what_it_refers_to(lib: Any, db: Any) -> None:
    ada, bob, cid = await authors_of(lib, db, "ada", "bob", "cid")
    authors, documents = lib.AuthorRepository(db), lib.DocumentRepository(db)
    bob = await authors.update(bob.id, lib.AuthorChanges(mentor_id=ada.id), version=1)
    assert await authors.with_mentor([ada, bob, cid]) == [(ada, None), (bob, ada), (cid, None)]
    assert await authors.with_mentor([]) == []
    one = await documents.insert(lib.NewDocument(tenant="t", number=1, title="1", author_id=ada.id))
    two = await documents.insert(
        lib.NewDocument(tenant="t", number=2, title="2", author_id=ada.id, reviewer_id=bob.id)
    )
    assert await documents.with_author([two, one, two]) == [(two, ada), (one, ada), (two, ada)]
    assert await documents.with_reviewer([one, two]) == [(one, None), (two, bob)]
    await authors.delete(bob.id)
    assert await documents.with_reviewer([two]) == [(two, None)]
    gone = await authors.get(bob.id, with_deleted=True)
    assert await documents.with_reviewer([two], with_deleted=True) == [(two, gone)]
    paragraphs = lib.ParagraphRepository(db)
    plain = await paragraphs.insert(lib.NewParagraph(tenant="t", number=1, place=1))
    quoting = await paragraphs.insert(
        lib.NewParagraph(tenant="t", number=1, place=2, quoted_tenant="t", quoted_number=2)
    )
    half = await paragraphs.insert(lib.NewParagraph(tenant="t", number=1, place=3, quoted_tenant="t"))
    by = "with_document_by_quoted_tenant_and_quoted_number"
    assert await getattr(paragraphs, by)([plain, quoting, half]) == [
        (plain, None),
        (quoting, two),
        (half, None),
    ]
    owner = "with_document_by_tenant_and_number"
    assert await getattr(paragraphs, owner)([plain, quoting]) == [(plain, one), (quoting, one)]


@everywhere
async def test_each_row_beside_what_refers_to_it(lib: Any, db: Any) -> None:
    ada, bob = await authors_of(lib, db, "ada", "bob")
    authors, documents = lib.AuthorRepository(db), lib.DocumentRepository(db)
    rows = await documents.insert_many_returning(
        lib.NewDocument(
            tenant="t", number=n, title=str(n), author_id=ada.id, reviewer_id=bob.id if n else None
        )
        for n in range(3)
    )
    assert await authors.with_documents_by_author_id([bob, ada]) == [(bob, []), (ada, list(rows))]
    assert await authors.with_documents_by_reviewer_id([bob, ada]) == [(bob, list(rows[1:])), (ada, [])]
    assert await documents.list_by_author_id([ada.id, -1, ada.id]) == {ada.id: list(rows), -1: []}
    assert await documents.list_by_author_id([]) == {}
    profile = await lib.ProfileRepository(db).insert(lib.NewProfile(author_id=bob.id, bio="x"))
    assert await authors.with_profile([ada, bob]) == [(ada, None), (bob, profile)]
    assert await lib.ProfileRepository(db).with_author([profile]) == [(profile, bob)]
    cid = await authors.insert(lib.NewAuthor(email="cid", name="cid", mentor_id=ada.id))
    assert await authors.with_authors_by_mentor_id([ada, cid]) == [(ada, [cid]), (cid, [])]
    await authors.delete(cid.id)
    assert await authors.with_authors_by_mentor_id([ada]) == [(ada, [])]
    paragraphs = lib.ParagraphRepository(db)
    made = await paragraphs.insert_many_returning(
        lib.NewParagraph(tenant="t", number=1, place=n) for n in range(2)
    )
    with_paragraphs = documents.with_paragraphs_by_tenant_and_number
    found = {row.number: {one.id for one in those} for row, those in await with_paragraphs(rows)}
    assert found == {0: set(), 1: {one.id for one in made}, 2: set()}


@everywhere
async def test_each_row_beside_those_linked_to_it(lib: Any, db: Any) -> None:
    ada, bob, cid = await authors_of(lib, db, "ada", "bob", "cid")
    authors, documents, labels = lib.AuthorRepository(db), lib.DocumentRepository(db), lib.LabelRepository(db)
    assert await authors.add_follower(ada.id, bob.id) is True
    assert await authors.add_follower(ada.id, bob.id) is False
    assert await authors.add_follower(bob.id, cid.id) is True
    assert await authors.with_followers([ada, bob, cid]) == [(ada, [bob]), (bob, [cid]), (cid, [])]
    assert await authors.with_authors([ada, bob, cid]) == [(ada, []), (bob, [ada]), (cid, [bob])]
    assert await authors.remove_follower(ada.id, bob.id) is True
    assert await authors.remove_follower(ada.id, bob.id) is False
    with pytest.raises(access.ForeignKeyViolation):
        await authors.add_follower(ada.id, -1)
    one, two = await documents.insert_many_returning(
        lib.NewDocument(tenant="t", number=n, title=str(n), author_id=ada.id) for n in range(2)
    )
    new = await labels.insert(lib.NewLabel(code="new"))
    old = await labels.insert(lib.NewLabel(code="old"))
    assert await documents.add_label("t", 1, "new")
    assert await documents.add_label("t", 1, "old")
    assert await labels.add_document("old", "t", 0)
    labelled = await documents.with_labels([one, two])
    assert {row.number: sorted(label.code for label in those) for row, those in labelled} == {
        0: ["old"],
        1: ["new", "old"],
    }
    assert [(row.code, len(those)) for row, those in await labels.with_documents([new, old])] == [
        ("new", 1),
        ("old", 2),
    ]
    await labels.delete("old")
    assert await documents.with_labels([one]) == [(one, [])]
    gone = await labels.get("old", with_deleted=True)
    assert await documents.with_labels([one], with_deleted=True) == [(one, [gone])]


@everywhere
async def test_keys_of_bytes(lib: Any, db: Any) -> None:
    blobs, notes = lib.BlobRepository(db), lib.BlobNoteRepository(db)
    one = await blobs.insert(lib.NewBlob(digest=b"\x00\xff'", size=1))
    note = await notes.insert(lib.NewBlobNote(digest=one.digest, note="x"))
    none = await notes.insert(lib.NewBlobNote(note="y"))
    assert await notes.with_blob([note, none]) == [(note, one), (none, None)]
    assert await blobs.with_blob_notes([one]) == [(one, [note])]
    assert await blobs.find_many([one.digest, b""]) == {one.digest: one}


@everywhere
async def test_a_list_of_any_length_takes_one_query(lib: Any, db: Any) -> None:
    authors = lib.AuthorRepository(db)
    await authors.insert_many(lib.NewAuthor(email=str(n), name="x") for n in range(300))
    rows = await authors.list()
    asked = []
    run = db._run

    def counting(statement: Any, parameters: Any) -> Any:
        asked.append(statement)
        return run(statement, parameters)

    db._run = counting
    await authors.with_documents_by_author_id(rows)
    await authors.with_mentor(rows)
    await authors.with_followers(rows)
    await authors.with_profile(rows)
    assert len(asked) == 4
    await authors.page("name", first=10)
    await authors.page("name", first=10)
    await authors.list(rating=access.gt(D(1)), limit=5)
    await authors.list(rating=access.gt(D(2)), limit=6)
    assert len(asked) == 8
    assert asked[4] is asked[5]
    assert asked[6] is asked[7]


@everywhere
async def test_rows_of_nothing_but_a_key(lib: Any, db: Any) -> None:
    tickets = lib.TicketRepository(db)
    first = await tickets.insert(lib.NewTicket())
    assert await tickets.insert_many(lib.NewTicket() for _ in range(3)) == 3
    assert len(await tickets.insert_many_returning([lib.NewTicket(), lib.NewTicket()])) == 2
    assert await tickets.count(id=access.ge(first.id)) == 6
    assert not hasattr(tickets, "update")
    assert (await tickets.page(first=6)).next is None


@everywhere
async def test_keys_that_differ_in_case_only(lib: Any, db: Any) -> None:
    places, visits = lib.PlaceRepository(db), lib.VisitRepository(db)
    rome = await places.insert(lib.NewPlace(name="Rome"))
    one = await visits.insert(lib.NewVisit(id=1, place="ROME"))
    assert await visits.with_place([one]) == [(one, rome)]
    await visits.insert(lib.NewVisit(id=2, place="Rome"))
    assert [
        (row, sorted(visit.id for visit in those)) for row, those in await places.with_visits([rome])
    ] == [(rome, [1, 2])]
    assert await places.find_many(["rome", "paris"]) == {"rome": rome}


@on_postgresql
async def test_keys_that_are_asked_for_in_several_cases(lib: Any, db: Any) -> None:
    rome = await lib.PlaceRepository(db).insert(lib.NewPlace(name="Rome"))
    visits = lib.VisitRepository(db)
    rows = await visits.insert_many_returning(
        [lib.NewVisit(id=1, place="ROME"), lib.NewVisit(id=2, place="Rome")]
    )
    assert await visits.with_place(rows) == [(rows[0], rome), (rows[1], rome)]
    assert await visits.list_by_place(["rome", "ROME", "x"]) == {"rome": rows, "ROME": rows, "x": []}


@everywhere
async def test_keys_that_differ_in_case_are_others_where_case_matters(lib: Any, db: Any) -> None:
    labels = lib.LabelRepository(db)
    one = await labels.insert(lib.NewLabel(code="Rome"))
    assert await labels.find_many(["rome", "Rome", "ROME"]) == {"Rome": one}
