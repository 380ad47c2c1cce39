# Derived from dbdeed/access/postgresql_bulk.py by tools/derive_sync.py: change that one, then run it.
"""Many rows at once: streamed out, sent together, copied in."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
from psycopg import capabilities

from dbdeed.access.errors import StatementFailed
from dbdeed.access.postgresql_copy import chunks
from dbdeed.access.statements import Row, Statement, first_word
from dbdeed.access.sync.postgresql_talk import encoded
from dbdeed.access.sync.postgresql_wire import CHUNK, COPY_IN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from dbdeed.access.postgresql_prepared import Prepared
    from dbdeed.access.sync.postgresql_calls import Calls

_CURSORS = frozenset({"SELECT", "VALUES", "WITH", "TABLE"})  # what a cursor can be declared for
_LOOK_EVERY = 32  # statements between two looks at whether what was sent is on its way
_BUSY = "rows of a stream are still on their way here: end it, or close it, before"
_numbers = itertools.count(1)


def stream(
    calls: Calls, statement: Statement, parameters: Sequence[object], batch: int
) -> Generator[list[Row]]:
    """The rows, up to `batch` at a time.

    Within a transaction what reads goes through a cursor, so that it may be left early and other statements
    may come between. All else is one statement whose rows are taken as they come.
    """
    if batch < 1:
        raise StatementFailed(f"a stream gives at least 1 row at a time, not {batch}")
    if calls.in_transaction and not statement.writes and first_word(statement.text) in _CURSORS:
        batches = _by_cursor(calls, statement, parameters, batch)
    else:
        batches = _as_they_come(calls, statement, parameters, batch)
    with closing(batches):
        for rows in batches:
            yield rows


def _by_cursor(
    calls: Calls, statement: Statement, parameters: Sequence[object], batch: int
) -> Generator[list[Row]]:
    name = f"dbdeed_stream_{next(_numbers)}"
    declare = encoded(f"DECLARE {name} NO SCROLL CURSOR FOR {statement.text}")
    fetch = f"FETCH FORWARD {batch} FROM {name}".encode()
    done = False
    prepared: Prepared | None = None
    while not done:
        if not calls.turn.take():
            calls.turn.wait()
        try:
            first = prepared is None
            if prepared is None:
                prepared = _prepared(calls, statement)
            begin = calls.begin
            if first:
                values, formats = prepared.send(parameters)
            try:
                calls.open_pipeline()
                if first:
                    calls.pgconn.send_query_params(declare, values, prepared.oids, formats)
                calls.pgconn.send_query_params(fetch, None, None, None, prepared.format)
            except psycopg.Error as error:
                raise calls.lost(error, writes=False) from error
            results = calls.conversation(calls.wire.pipelined, writes=False)
            results = calls.began(begin, results)
            calls.require_success(results)
            rows = calls.loaded(prepared, results[-1])
        finally:
            calls.turn.free()
        done = len(rows) < batch
        if rows:
            try:
                yield rows
            except GeneratorExit:
                _close_cursor(calls, name)
                raise
    _close_cursor(calls, name)


def _close_cursor(calls: Calls, name: str) -> None:
    """Free it on the server, unless its transaction is over or has failed: then it is gone."""
    if not calls.in_transaction or calls.wire.in_error or calls.wire.idle or not calls.wire.open:
        return
    if not calls.turn.take():
        calls.turn.wait()
    try:
        calls.simple(f"CLOSE {name}")
    finally:
        calls.turn.free()


def _as_they_come(
    calls: Calls, statement: Statement, parameters: Sequence[object], batch: int, *, again: bool = True
) -> Generator[list[Row]]:
    wire, pgconn = calls.wire, calls.pgconn
    if not calls.turn.take():
        calls.turn.wait()
    try:
        earlier = calls.cache.get(statement.text) is not None
        prepared = _prepared(calls, statement)
        if calls.begin:
            calls.simple("")
        values, formats = prepared.send(parameters)
        try:
            _send(calls, statement, prepared, values, formats)
            if capabilities.has_stream_chunked():
                pgconn.set_chunked_rows_mode(batch)
            else:
                pgconn.set_single_row_mode()
        except psycopg.Error as error:
            raise calls.lost(error, writes=statement.writes) from error
        calls.streaming = calls.chunked = True
    finally:
        calls.turn.free()
    try:
        rows: list[Row] = []
        results: list[PGresult] = []
        came = False
        wire.flushed()
        while (result := wire.answer(results)) is not None:
            if result.status not in CHUNK:
                results.append(result)
                continue
            came = True
            rows += calls.loaded(prepared, result)
            if len(rows) >= batch:
                wire.pause()  # what nobody asked for yet stays with the server
                yield rows
                wire.resume()
                rows = []
        calls.streaming = False
        if not came and calls.outdated(results, statement, earlier=earlier, again=again):
            with closing(_as_they_come(calls, statement, parameters, batch, again=False)) as batches:
                for rows in batches:
                    yield rows
            return
        calls.require_success(results, writes=statement.writes)
        if rows:
            yield rows
    except psycopg.Error as error:
        raise calls.lost(error, writes=statement.writes) from error
    finally:
        if calls.streaming:
            # The rest is passed over. Within a transaction stopping would fail the whole, and a change is
            # done by the time that its first row comes, so that stopping it might or might not undo it.
            wire.interrupted(stop=not (calls.in_transaction or statement.writes))
            calls.streaming = False
        wire.resume()
        if not statement.trusted:
            calls.check_styles()


def many(calls: Calls, statement: Statement, parameters: Sequence[Sequence[object]]) -> int:
    """The statement once for each of the parameters, in one round trip, all or nothing."""
    if not parameters:
        return 0
    if not calls.turn.take():
        calls.turn.wait()
    try:
        earlier = calls.cache.get(statement.text) is not None
        results = _each(calls, statement, parameters)
        if calls.outdated(results, statement, earlier=earlier, again=True):
            results = _each(calls, statement, parameters)
            calls.outdated(results, statement, earlier=False, again=False)
        if not statement.trusted:
            calls.check_styles()
        calls.require_success(results, writes=statement.writes)
        return sum(result.command_tuples or 0 for result in results)
    finally:
        calls.turn.free()


def _each(calls: Calls, statement: Statement, parameters: Sequence[Sequence[object]]) -> list[PGresult]:
    prepared = _prepared(calls, statement)
    sent = [prepared.send(one) for one in parameters]
    pgconn, wire, begin = calls.pgconn, calls.wire, calls.begin
    try:
        calls.open_pipeline()
        if not prepared.name:
            pgconn.send_prepare(b"", encoded(statement.text), prepared.oids)
        for number, (values, formats) in enumerate(sent):
            pgconn.send_query_prepared(prepared.name, values, formats, prepared.format)
            if number % _LOOK_EVERY == 0:
                wire.flushed()
    except psycopg.Error as error:
        raise calls.lost(error, writes=False) from error  # nothing is done that is not ended
    except BaseException:
        wire.terminate()  # what was sent so far must not be committed
        raise
    results = calls.conversation(wire.pipelined, writes=statement.writes)
    return calls.began(begin, results)


def copy_in(calls: Calls, table: str, columns: str, rows: Iterable[Sequence[object]]) -> int:
    """COPY, in its text form, which the server reads as the columns' own types."""
    if not calls.turn.take():
        calls.turn.wait()
    try:
        described = _prepared(calls, Statement(f"SELECT {columns} FROM {table}"))
        if calls.begin:
            calls.simple("")
        pgconn, wire = calls.pgconn, calls.wire
        try:
            pgconn.send_query(encoded(f"COPY {table} ({columns}) FROM STDIN"))
        except psycopg.Error as error:
            raise calls.lost(error, writes=True) from error
        results = calls.conversation(wire.answers, writes=True)
        if results[-1].status != COPY_IN:
            calls.require_success(results)
        try:
            for chunk in chunks(rows, calls.types, described.columns):
                while pgconn.put_copy_data(chunk) == 0:
                    wire.flushed()
                wire.flushed()
            pgconn.put_copy_end()
        except psycopg.Error as error:
            raise calls.lost(error, writes=True) from error
        except BaseException:
            _give_up_copy(calls)
            raise
        results = calls.conversation(wire.answers, writes=True)
        calls.require_success(results, writes=True)
        return results[-1].command_tuples or 0
    finally:
        calls.turn.free()


def _give_up_copy(calls: Calls) -> None:
    """The rows failed, or their caller went: the server drops what it was given."""
    try:
        calls.pgconn.put_copy_end(b"the rows could not be given")
    except psycopg.Error:
        calls.wire.terminate()
    else:
        calls.wire.interrupted(stop=False)


def _prepared(calls: Calls, statement: Statement) -> Prepared:
    """What a session knows of a statement; its server is asked where it knows nothing. `turn` is taken."""
    if calls.streaming:
        raise StatementFailed(_BUSY)
    if not statement.trusted:
        calls.touch()
    if calls.cache.generation != calls.shapes.generation:
        calls.cache.clear()
    found = calls.cache.get(statement.text)
    return found if found is not None else calls.described(statement)


def _send(
    calls: Calls,
    statement: Statement,
    prepared: Prepared,
    values: Sequence[bytes | None],
    formats: Sequence[int] | None,
) -> None:
    if prepared.name:
        calls.pgconn.send_query_prepared(prepared.name, values, formats, prepared.format)
    else:
        calls.pgconn.send_query_params(encoded(statement.text), values, prepared.oids, formats)
