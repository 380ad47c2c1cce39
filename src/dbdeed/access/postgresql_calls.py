"""How statements are run on one PostgreSQL session: prepared at their first use, one round trip each.

At its first use a statement is parsed, described and run in one trip: its parameters go as text, which the
server reads as the types that it finds for them. Where values are given whose text alone may mislead (a time
with its zone), the types are asked for first, once for all sessions of a database. From then on parameters
and results travel in binary form where that is sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from dbdeed.access.errors import InvalidValue, StatementFailed
from dbdeed.access.postgresql_errors import Staleness, schema_changed, staleness, translated
from dbdeed.access.postgresql_prepared import Prepared
from dbdeed.access.postgresql_talk import Talk, encoded
from dbdeed.access.postgresql_values import plain
from dbdeed.access.postgresql_wire import FAILED, FINE, TUPLES_OK
from dbdeed.access.statements import Result, Statement, first_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.pq.abc import PGresult


_WITH_TRANSACTIONS = frozenset({"CALL", "DO"})
_MOST_PARAMETERS = 65535


class Calls(Talk):
    """Runs statements on one session."""

    async def run(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """One statement; outside a transaction it is one of its own."""
        if not self.turn.take():
            await self.turn.wait()
        try:
            prepared = self.cache.get(statement.text)
            if prepared is None or self.begin or self.streaming or not statement.trusted:
                return await self._run_new(statement, parameters)
            if self.cache.generation != self.shapes.generation:
                return await self._run_new(statement, parameters)
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
                    await self.wire.flushed()
                if pgconn.is_busy():
                    await self.wire.wait()
                result = pgconn.get_result()
                if pgconn.is_busy():
                    await self.wire.wait()
                more = pgconn.get_result()
            except psycopg.Error as error:
                if result is None or result.status != FAILED:
                    raise self.lost(error, writes=statement.writes and sent) from error
            except BaseException:
                await self.wire.interrupted()
                raise
            if more is None and result is not None:
                if result.status == TUPLES_OK:
                    rows = self.loaded(prepared, result)
                    return Result(rows, len(rows))
                if result.status in FINE:
                    return Result([], result.command_tuples or 0)
            results = [one for one in (result, more) if one is not None]
            if more is not None:
                results += await self.conversation(self.wire.answers, writes=statement.writes)
            return await self._refused(results, statement, parameters, earlier=True, again=True)
        finally:
            self.turn.free()

    async def _run_new(self, statement: Statement, parameters: Sequence[object]) -> Result:
        """What needs more than running a prepared statement. `turn` is taken."""
        if self.streaming:
            raise StatementFailed("rows of a stream are still on their way here: end it, or close it, before")
        if self.cache.generation != self.shapes.generation:
            self.cache.clear()
        if not statement.trusted:
            self.touch()
            if not parameters:
                return await self._run_by_hand(statement)
        try:
            return await self._introduce(statement, parameters)
        finally:
            if not statement.trusted:
                self.check_styles()

    async def _run_by_hand(self, statement: Statement) -> Result:
        """As it is, and not prepared: it may be several statements; the last one's rows are given."""
        if self.begin:
            await self.simple("")
        try:
            results = await self.simple(statement.text, writes=statement.writes)
        finally:
            self.check_styles()
        result = results[-1]
        await self.learn(_column_types(result))
        return self._result(Prepared(b"", (), self.types, self.dumper), result)

    async def _introduce(
        self, statement: Statement, parameters: Sequence[object], *, again: bool = True
    ) -> Result:
        """Run a statement for the first time here, or the first one of a transaction."""
        prepared = self.cache.get(statement.text)
        earlier = prepared is not None
        if prepared is None:
            oids = self.shapes.get(statement.text)
            if oids is None and not plain(parameters):
                prepared = await self.described(statement)
            elif oids is not None:
                await self.learn(oids)
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
            await self.open_pipeline()
            if known is None or not name:
                pgconn.send_prepare(name, text, prepared.oids if prepared else None)
            if prepared is None:
                pgconn.send_describe_prepared(name)
            pgconn.send_query_prepared(name, values, formats, known.format if known else 0)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error  # nothing is done that is not ended
        results = await self.conversation(self.wire.pipelined, writes=statement.writes)
        results = self.began(begin, results)
        if any(result.status not in FINE for result in results):
            stale = self._stale(results, earlier=earlier)
            if begin and stale is not Staleness.NO and again:
                self._draw(stale, statement.text)
                await self.simple("ROLLBACK")  # nothing else was done in it
                self.begin = begin
                return await self._introduce(statement, parameters, again=False)
            return await self._refused(results, statement, parameters, earlier=earlier, again=again)
        result = results[-1]
        if known is not None:
            return self._result(known, result)
        oids = prepared.oids if prepared else _parameter_types(results[-2])
        await self.introduced(statement.text, name, oids, _column_types(result))
        return self._result(Prepared(b"", oids, self.types, self.dumper), result)

    async def described(self, statement: Statement) -> Prepared:
        """Prepare a statement, and learn of what types its parameters and columns are."""
        text, oids = statement.text, self.shapes.get(statement.text)
        sent = encoded(text)
        name, begin = self.cache.name(), self.begin
        try:
            await self.open_pipeline()
            self.pgconn.send_prepare(name, sent, oids)
            self.pgconn.send_describe_prepared(name)
        except psycopg.Error as error:
            raise self.lost(error, writes=False) from error
        results = self.began(begin, await self.conversation(self.wire.pipelined, writes=False))
        stale = self._stale(results, earlier=True) if oids is not None else Staleness.NO
        if stale is not Staleness.NO and not self.wire.in_error:
            self._draw(stale, text)
            return await self.described(statement)
        self.require_success(results)
        return await self.introduced(text, name, _parameter_types(results[-1]), _column_types(results[-1]))

    async def introduced(
        self, text: str, name: bytes, oids: tuple[int, ...], columns: tuple[int, ...]
    ) -> Prepared:
        """The server has prepared it: keep what is known of it."""
        self.shapes.put(text, oids)
        prepared = Prepared(name, oids, self.types, self.dumper)
        prepared.columns = columns
        await self.learn((*oids, *columns))
        if name:
            prepared.refresh(self.types, self.dumper, binary=self.types.binary(columns))
        self.cache.put(text, prepared)
        return prepared

    def _result(self, prepared: Prepared, result: PGresult) -> Result:
        if result.status == TUPLES_OK:
            rows = self.loaded(prepared, result)
            return Result(rows, len(rows))
        return Result([], result.command_tuples or 0)

    async def _refused(
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
        if self.outdated(results, statement, earlier=earlier, again=again):
            return await self._introduce(statement, parameters, again=False)
        error = psycopg.errors.error_from_result(failed, encoding="utf-8")
        gone = not self.wire.open
        raise self.unknown_where(translated(error, gone=gone), writes=statement.writes) from error

    def outdated(self, results: list[PGresult], statement: Statement, *, earlier: bool, again: bool) -> bool:
        """Whether it failed by how it was prepared alone, and may be run again; it will be prepared anew.

        Raises `SchemaChanged` where it failed so within a transaction, or a second time.

        Args:
            results: what the server said.
            statement: what was run.
            earlier: it was prepared, or its types were learned, before this call.
            again: it may be run again.
        """
        stale = self._stale(results, earlier=earlier)
        if stale is Staleness.NO or not self.wire.open:
            return False
        self._draw(stale, statement.text)
        # Outside of a transaction nothing of it was done, unless it has transactions of its own.
        if again and self.wire.idle and first_word(statement.text) not in _WITH_TRANSACTIONS:
            return True
        if stale is not Staleness.VALUE:
            failed = next(one for one in results if one.status == FAILED)
            error = psycopg.errors.error_from_result(failed, encoding="utf-8")
            raise schema_changed(error) from error
        return False

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
        if stale is Staleness.NAME and not self.touched:
            self.shapes.strange()
        if stale in (Staleness.NAME, Staleness.PLAN):
            self.touched = False
            self.cache.clear()


def _parameter_types(described: PGresult) -> tuple[int, ...]:
    return tuple(map(described.param_type, range(described.nparams)))


def _column_types(described: PGresult) -> tuple[int, ...]:
    return tuple(map(described.ftype, range(described.nfields)))
