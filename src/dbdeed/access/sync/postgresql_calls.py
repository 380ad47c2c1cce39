# Derived from dbdeed/access/postgresql_calls.py by tools/derive_sync.py: change that one, then run it.
"""How statements are run on one PostgreSQL session: prepared at their first use, one round trip each.

At its first use a statement is parsed, described and run in one trip: its parameters go as text, which the
server reads as the types that it finds for them. Where values are given whose text alone may mislead (a time
with its zone), the types are asked for first, once for all sessions of a database. From then on parameters
and results travel in binary form where that is sound.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg import capabilities
from psycopg.pq import PipelineStatus, TransactionStatus

from dbdeed.access.errors import AccessError, ConnectionLost, InvalidValue, OutcomeUnknown, StatementFailed
from dbdeed.access.postgresql_errors import Staleness, schema_changed, staleness, translated
from dbdeed.access.postgresql_prepared import Cache, Prepared
from dbdeed.access.postgresql_types import ASK, Types
from dbdeed.access.postgresql_values import Dumper, plain
from dbdeed.access.statements import Result, Row, Statement, first_word
from dbdeed.access.sync.postgresql_wire import FAILED, FINE, TUPLES_OK, Wire
from dbdeed.access.sync.sockets import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from dbdeed.access.postgresql_prepared import Shapes

Results: TypeAlias = "list[PGresult]"

_WITH_TRANSACTIONS = frozenset({"CALL", "DO"})
_MOST_PARAMETERS = 65535
_OIDS = 1028  # oid[]
_STYLES = (b"TimeZone", b"DateStyle", b"IntervalStyle", b"client_encoding")
# The styles in which psycopg reads texts, should a role or a database have others.
_READABLE = (
    ("DateStyle", b"ISO", "SELECT pg_catalog.set_config('DateStyle', 'ISO', false)"),
    ("IntervalStyle", b"postgres", "SELECT pg_catalog.set_config('IntervalStyle', 'postgres', false)"),
)


class Calls:
    """One session, and what it knows of statements and types.

    Attributes:
        begin: what must be said before the next statement, since a transaction is to begin with it.
        in_transaction: one was begun, if only by intent.
        streaming: rows of a stream are on their way, so that nothing else can be asked.
        chunked: the last rows came in chunks.
        changed: the session's settings may differ from a new one's.
    """

    def __init__(self, raw: psycopg.Connection, shapes: Shapes) -> None:
        self.raw = raw
        self.pgconn = raw.pgconn
        self.wire = Wire(raw.pgconn)
        self.types = Types(raw)
        self.dumper = Dumper(self.types)
        self.shapes = shapes
        self.cache = Cache(shapes)
        self.turn = Turn()
        self.begin: list[str] = []
        self.in_transaction = False
        self.streaming = False
        self.chunked = False
        self.changed = False
        self._closed = 0  # how many statements the pipeline that is open frees
        self._touched = False  # a statement by hand may have freed what was prepared
        self._styles = self._current_styles()

    def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """One statement; outside a transaction it is one of its own."""
        if not self.turn.take():
            self.turn.wait()
        try:
            prepared = self.cache.get(statement.text)
            if prepared is None or self.begin or self.streaming or not statement.trusted:
                return self._run_new(statement, parameters)
            if self.cache.generation != self.shapes.generation:
                return self._run_new(statement, parameters)
            self.cache.used(statement.text)
            values, formats = prepared.send(parameters)
            pgconn = self.pgconn
            result = more = None
            self.chunked = sent = False
            try:
                if prepared.name:
                    pgconn.send_query_prepared(prepared.name, values, formats, prepared.format)
                else:
                    pgconn.send_query_params(encoded(statement.text), values, prepared.oids, formats)
                sent = True
                if pgconn.flush():
                    self.wire.flushed()
                if pgconn.is_busy():
                    self.wire.wait()
                result = pgconn.get_result()
                if pgconn.is_busy():
                    self.wire.wait()
                more = pgconn.get_result()
            except psycopg.Error as error:
                if result is None or result.status != FAILED:
                    raise self.lost(error, writes=statement.writes and sent) from error
            except BaseException:
                self.wire.interrupted()
                raise
            if more is None and result is not None:
                if result.status == TUPLES_OK:
                    rows = self.loaded(prepared, result)
                    return Result(rows, len(rows))
                if result.status in FINE:
                    return Result([], result.command_tuples or 0)
            results = [one for one in (result, more) if one is not None]
            if more is not None:
                results += self.conversation(self.wire.answers, writes=statement.writes)
            return self._refused(results, statement, parameters, earlier=True, again=True)
        finally:
            self.turn.free()

    def _run_new(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """What needs more than running a prepared statement. `turn` is taken."""
        if self.streaming:
            raise StatementFailed("rows of a stream are still on their way here: end it, or close it, before")
        if self.cache.generation != self.shapes.generation:
            self.cache.clear()
        if not statement.trusted:
            self.touch()
            if not parameters:
                return self._run_by_hand(statement)
        try:
            return self._introduce(statement, parameters)
        finally:
            if not statement.trusted:
                self.check_styles()

    def _run_by_hand(self, statement: Statement) -> Result:
        """As it is, and not prepared: it may be several statements; the last one's rows are given."""
        if self.begin:
            self.simple("")
        try:
            results = self.simple(statement.text, writes=statement.writes)
        finally:
            self.check_styles()
        result = results[-1]
        self.learn(_column_types(result))
        return self._result(Prepared(b"", (), self.types, self.dumper), result)

    def _introduce(self, statement: Statement, parameters: Sequence[object], *, again: bool = True) -> Result:
        """Run a statement for the first time here, or the first one of a transaction."""
        prepared = self.cache.get(statement.text)
        earlier = prepared is not None
        if prepared is None:
            oids = self.shapes.get(statement.text)
            if oids is None and not plain(parameters):
                prepared = self.described(statement)
            elif oids is not None:
                self.learn(oids)
                prepared = Prepared(b"", oids, self.types, self.dumper)
                earlier = True
        if prepared is None:
            if len(parameters) > _MOST_PARAMETERS:
                raise InvalidValue(f"a statement takes {_MOST_PARAMETERS} parameters, not {len(parameters)}")
            values, formats = self.dumper.texts(parameters), None
        else:
            values, formats = prepared.send(parameters)
        begin = self.begin
        known = self.cache.get(statement.text)
        name = self.cache.name() if known is None else known.name
        pgconn = self.pgconn
        text = encoded(statement.text)
        try:
            self.open_pipeline()
            if known is None or not name:
                pgconn.send_prepare(name, text, prepared.oids if prepared else None)
            if prepared is None:
                pgconn.send_describe_prepared(name)
            pgconn.send_query_prepared(name, values, formats, known.format if known else 0)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error  # nothing is done that is not ended
        results = self.conversation(self.wire.pipelined, writes=statement.writes)
        results = self.began(begin, results)
        if any(result.status not in FINE for result in results):
            stale = self._stale(results, earlier=earlier)
            if begin and stale is not Staleness.NO and again:
                self._draw(stale, statement.text)
                self.simple("ROLLBACK")  # nothing else was done in it
                self.begin = begin
                return self._introduce(statement, parameters, again=False)
            return self._refused(results, statement, parameters, earlier=earlier, again=again)
        result = results[-1]
        if known is not None:
            return self._result(known, result)
        oids = prepared.oids if prepared else _parameter_types(results[-2])
        self.introduced(statement.text, name, oids, _column_types(result))
        return self._result(Prepared(b"", oids, self.types, self.dumper), result)

    def described(self, statement: Statement) -> Prepared:
        """Prepare a statement, and learn of what types its parameters and columns are."""
        text, oids = statement.text, self.shapes.get(statement.text)
        sent = encoded(text)
        name, begin = self.cache.name(), self.begin
        try:
            self.open_pipeline()
            self.pgconn.send_prepare(name, sent, oids)
            self.pgconn.send_describe_prepared(name)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = self.began(begin, self.conversation(self.wire.pipelined, writes=False))
        stale = self._stale(results, earlier=True) if oids is not None else Staleness.NO
        if stale is not Staleness.NO and not self.wire.in_error:
            self._draw(stale, text)
            return self.described(statement)
        self.require_success(results)
        return self.introduced(text, name, _parameter_types(results[-1]), _column_types(results[-1]))

    def introduced(self, text: str, name: bytes, oids: tuple[int, ...], columns: tuple[int, ...]) -> Prepared:
        """The server has prepared it: keep what is known of it."""
        self.shapes.put(text, oids)
        prepared = Prepared(name, oids, self.types, self.dumper)
        prepared.columns = columns
        self.learn((*oids, *columns))
        if name:
            prepared.refresh(self.types, self.dumper, binary=self.types.binary(columns))
        self.cache.put(text, prepared)
        return prepared

    def learn(self, oids: Iterable[int]) -> None:
        """Ask the server for the types among these that are not known."""
        unknown = self.types.unknown(oids)
        if not unknown:
            return
        wanted = f"{{{','.join(map(str, unknown))}}}".encode()
        try:
            self.pgconn.send_query_params(ASK.encode(), [wanted], [_OIDS])
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = self.conversation(self.wire.answers, writes=False)
        self.require_success(results)
        plainly = Prepared(b"", (), self.types, self.dumper)
        self.types.learn(unknown, self.loaded(plainly, results[0]))

    def _result(self, prepared: Prepared, result: PGresult) -> Result:
        if result.status == TUPLES_OK:
            rows = self.loaded(prepared, result)
            return Result(rows, len(rows))
        return Result([], result.command_tuples or 0)

    def loaded(self, prepared: Prepared, result: PGresult) -> list[Row]:
        """The rows; raises `InvalidValue` where Python has no value for one of the database's."""
        try:
            return prepared.rows(result)
        except (psycopg.Error, ValueError, OverflowError, NotImplementedError) as error:
            said = (
                str(error).splitlines()[0] if isinstance(error, psycopg.DataError) else type(error).__name__
            )
            raise InvalidValue(f"Python has no value for one that the database gave: {said}") from error

    def simple(self, text: str, *, writes: bool = False) -> list[PGresult]:
        """Run SQL as it is, behind what begins a transaction; raises where one of it fails."""
        sent = encoded("; ".join([*self.begin, *([text] if text else [])]))
        begin, self.begin = self.begin, []
        self.chunked = False
        try:
            self.pgconn.send_query(sent)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = self.conversation(self.wire.answers, writes=writes)
        if begin and self.wire.idle:
            self.begin = begin
        self.require_success(results, writes=writes)
        return results

    def conversation(self, answers: Callable[[], Results], *, writes: bool) -> list[PGresult]:
        """What the server says, to its end; whatever comes between, nothing is left for the next call."""
        try:
            return answers()
        except psycopg.Error as error:
            raise self.lost(error, writes=writes) from error
        except BaseException:
            self.wire.interrupted()
            raise

    def open_pipeline(self) -> None:
        """Begin to say several things at once: what is not needed any more, and what is to begin."""
        if self.chunked:
            # libpq would give the first of them in chunks too, unless something came between (seen in 18).
            self.chunked = False
            self.pgconn.send_query(b"")
            self.conversation(self.wire.answers, writes=False)
        closing = self.cache.closing
        if closing and not capabilities.has_send_close_prepared():
            self._deallocate()
            closing = []
        self.pgconn.enter_pipeline_mode()
        for name in closing:
            self.pgconn.send_close_prepared(name)
        self._closed = len(closing)
        closing.clear()
        for text in self.begin:
            self.pgconn.send_query_params(text.encode(), None)

    def _deallocate(self) -> None:
        """Free statements as a libpq before 17 must: by SQL, which fails for one that is gone."""
        if not self.wire.idle:
            return  # later: it would fail the transaction
        names = [*self.cache.closing]
        self.cache.closing.clear()
        begin, self.begin = self.begin, []
        for name in names:
            with suppress(StatementFailed):
                self.simple(f'DEALLOCATE "{name.decode()}"')
        self.begin = begin

    def began(self, begin: list[str], results: list[PGresult]) -> list[PGresult]:
        """The results of a pipeline without those of its opening; raises where that failed."""
        opening = self._closed + len(begin)
        self.require_success(results[:opening])
        self.begin = []
        return results[opening:]

    def require_success(self, results: Iterable[PGresult], *, writes: bool = False) -> None:
        for result in results:
            if result.status not in FINE:
                raise self._error(result, writes=writes)

    def lost(self, error: psycopg.Error, *, writes: bool) -> AccessError:
        """What it means that the conversation itself failed."""
        pgconn = self.pgconn
        gone = (
            not self.wire.open
            or pgconn.transaction_status == TransactionStatus.ACTIVE
            or pgconn.pipeline_status != PipelineStatus.OFF
        )
        if gone:
            self.wire.terminate()
        return self._unknown_where(translated(error, gone=gone), writes=writes)

    def _unknown_where(self, failed: AccessError, *, writes: bool) -> AccessError:
        if isinstance(failed, ConnectionLost) and writes and not self.in_transaction:
            return OutcomeUnknown(f"the connection went during a change: {failed.message}")
        return failed

    def _refused(
        self,
        results: list[PGresult],
        statement: Statement,
        parameters: Sequence[object],
        *,
        earlier: bool,
        again: bool,
    ) -> Result:
        """Raise what the server said; or run it again where it refused only how it was prepared.

        `earlier`: it was prepared, or its types were learned, before this call. `again`: it may be run again.
        """
        failed = next((one for one in results if one.status == FAILED), None)
        if failed is None:
            self.wire.terminate()
            raise StatementFailed("rows that are copied need `copy_in`; the connection was closed")
        error = psycopg.errors.error_from_result(failed, encoding="utf-8")
        stale = self._stale(results, earlier=earlier)
        if stale is not Staleness.NO and self.wire.open:
            self._draw(stale, statement.text)
            # Outside of a transaction nothing of it was done, unless it has transactions of its own.
            if again and self.wire.idle and first_word(statement.text) not in _WITH_TRANSACTIONS:
                return self._introduce(statement, parameters, again=False)
            if stale is not Staleness.VALUE:
                raise schema_changed(error) from error
        gone = not self.wire.open
        raise self._unknown_where(translated(error, gone=gone), writes=statement.writes) from error

    def _stale(self, results: list[PGresult], *, earlier: bool) -> Staleness:
        """Whether the statement failed by how it was prepared: before this call, if `earlier`."""
        failed = next((one for one in results if one.status == FAILED), None)
        if failed is None:
            return Staleness.NO
        stale = staleness(psycopg.errors.error_from_result(failed, encoding="utf-8"))
        return stale if earlier or stale is Staleness.NAME else Staleness.NO

    def _draw(self, stale: Staleness, text: str) -> None:
        """Draw the conclusions: at its next use the statement is prepared anew, and others where needed."""
        self.cache.forget(text)
        self.shapes.forget(text)
        if stale is Staleness.PLAN:
            self.shapes.changed()
        if stale is Staleness.NAME and not self._touched:
            self.shapes.strange()
        if stale in (Staleness.NAME, Staleness.PLAN):
            self._touched = False
            self.cache.clear()

    def _error(self, result: PGresult, *, writes: bool) -> AccessError:
        if result.status != FAILED:
            self.wire.terminate()
            return StatementFailed(
                f"rows that are copied need `copy_in`; the connection was closed {result.status}"
            )
        error = psycopg.errors.error_from_result(result, encoding="utf-8")
        failed = self._unknown_where(translated(error, gone=not self.wire.open), writes=writes)
        failed.__cause__ = error
        return failed

    def touch(self) -> None:
        """A statement by hand may do anything to the session."""
        self.changed = self._touched = True

    def check_styles(self) -> None:
        """Times are read by the session's zone and style, which a statement by hand may have changed."""
        if self.wire.open and (found := self._current_styles()) != self._styles:
            if self.pgconn.parameter_status(b"client_encoding") != b"UTF8":
                self.wire.terminate()
                raise StatementFailed("client_encoding has to stay UTF8; the session was closed")
            self._styles = found
            self.dumper = Dumper(self.types)
            self.cache.refresh(self.types, self.dumper)

    def settle_styles(self) -> None:
        """Make a new session write dates so that they can be read. Most need no round trip for it."""
        for name, wanted, change in _READABLE:
            if not (self.pgconn.parameter_status(name.encode()) or wanted).startswith(wanted):
                self.simple(change)
        self.check_styles()

    def _current_styles(self) -> tuple[bytes | None, ...]:
        return tuple(map(self.pgconn.parameter_status, _STYLES))


def encoded(text: str) -> bytes:
    """SQL as it is sent. Raises `InvalidValue`."""
    if "\0" in text:
        raise InvalidValue("SQL cannot hold the character NUL")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue("a text holds characters that UTF-8 cannot express") from error


def _parameter_types(described: PGresult) -> tuple[int, ...]:
    return tuple(map(described.param_type, range(described.nparams)))


def _column_types(described: PGresult) -> tuple[int, ...]:
    return tuple(map(described.ftype, range(described.nfields)))
