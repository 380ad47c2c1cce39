"""Prepared statements: what each session has of them, and what all sessions of one database share."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections import OrderedDict
from operator import call
from typing import TYPE_CHECKING

from psycopg.adapt import Transformer

from dbdeed.access.postgresql_values import UNFIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.pq.abc import PGresult

    from dbdeed.access.postgresql_types import Types
    from dbdeed.access.postgresql_values import Dumper, Plan, Sent
    from dbdeed.access.statements import Row

LIMIT = 256  # prepared statements of one session; each costs the server some 10 kB
_LIMIT_OF_SHAPES = 4096
_PLANS = 64  # of one statement: one for each combination of Python types
_LOG = logging.getLogger("dbdeed.access")


class Shapes:
    """What the sessions of one database know together.

    Attributes:
        prepared: statements are prepared by name. Off where a pooler between gives each transaction another
            session.
        generation: counts the changes of the schema that were noticed; a session that prepared its
            statements before one prepares them anew.
    """

    def __init__(self, *, prepared: bool) -> None:
        self.prepared = prepared
        self.generation = 0
        self._parameters: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def get(self, text: str) -> tuple[int, ...] | None:
        """The types of a statement's parameters, where a session has learned them."""
        return self._parameters.get(text)

    def put(self, text: str, oids: tuple[int, ...]) -> None:
        self._parameters[text] = oids
        if len(self._parameters) > _LIMIT_OF_SHAPES:
            self._parameters.popitem(last=False)

    def forget(self, text: str) -> None:
        self._parameters.pop(text, None)

    def changed(self) -> None:
        """The schema is not what statements were prepared for."""
        self.generation += 1
        self._parameters.clear()

    def strange(self) -> None:
        """A statement that was prepared is gone, and nobody freed it: the session is not ours alone."""
        if self.prepared:
            self.prepared = False
            self.generation += 1
            _LOG.warning(
                "a prepared statement is gone: there seems to be a pooler in transaction mode between. "
                "They are not used any more; say so with PoolSettings(prepared=False)"
            )


class Prepared:
    """One statement as a session knows it.

    Attributes:
        name: on the server; empty where it goes there anew each time.
        oids: the types of its parameters.
        columns: the types of its results' columns.
        format: 1 where results come in binary form.
    """

    __slots__ = ("_dumper", "_plans", "_set", "_transformer", "columns", "format", "name", "oids")

    def __init__(self, name: bytes, oids: tuple[int, ...], types: Types, dumper: Dumper) -> None:
        self.name = name
        self.oids = oids
        self.columns: tuple[int, ...] = ()
        self.format = 0
        self._dumper = dumper
        self._plans: dict[tuple[type, ...], Plan] = {}
        self._transformer = Transformer(types)
        self._set = False  # the transformer knows what loads the columns

    def send(self, parameters: Sequence[object]) -> Sent:
        """The parameters as they travel, and the form of each. Raises `InvalidValue`."""
        kinds = tuple(map(type, parameters))
        plan = self._plans.get(kinds)
        if plan is None:
            plan = self._dumper.plan(self.oids, parameters)
            if len(self._plans) < _PLANS:
                self._plans[kinds] = plan
        try:
            return list(map(call, plan.dumps, parameters)), plan.formats
        except UNFIT as error:
            return plan.otherwise(parameters, error)

    def rows(self, result: PGresult) -> list[Row]:
        """The result's rows. Raises what psycopg's loaders raise."""
        transformer = self._transformer
        # The columns of one prepared statement never change: the server refuses to run it instead.
        transformer.set_pgresult(result, set_loaders=not self._set)
        self._set = bool(self.name)
        found: list[Row] = transformer.load_rows(0, result.ntuples, tuple)
        result.clear()
        return found

    def refresh(self, types: Types, dumper: Dumper, *, binary: bool) -> None:
        """Begin anew with what converts values, from now on with results in this form."""
        self.format = int(binary)
        self._dumper = dumper
        self._plans.clear()
        self._transformer = Transformer(types)
        self._set = False


class Cache:
    """The prepared statements of one session, the least used ones first."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.generation = shapes.generation
        self.closing: list[bytes] = []  # names to free on the server when something is sent next
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self.get = self._kept.get
        self.used = self._kept.move_to_end
        # A name of its own: behind a pooler sessions may meet each other's statements.
        self._prefix = f"dbdeed_{secrets.token_hex(4)}_"
        self._numbers = itertools.count(1)

    def name(self) -> bytes:
        """A new one; empty where statements are not prepared by name."""
        return f"{self._prefix}{next(self._numbers)}".encode() if self.shapes.prepared else b""

    def put(self, text: str, prepared: Prepared) -> None:
        self._kept[text] = prepared
        if len(self._kept) > LIMIT:
            _, oldest = self._kept.popitem(last=False)
            if oldest.name:
                self.closing.append(oldest.name)

    def forget(self, text: str) -> None:
        """Prepare it anew at its next use."""
        prepared = self._kept.pop(text, None)
        if prepared is not None and prepared.name:
            self.closing.append(prepared.name)

    def clear(self) -> None:
        """Prepare all anew at their next use."""
        self.closing += [one.name for one in self._kept.values() if one.name]
        self._kept.clear()
        self.generation = self.shapes.generation

    def refresh(self, types: Types, dumper: Dumper) -> None:
        """The session's time zone or date style has changed."""
        for prepared in self._kept.values():
            prepared.refresh(types, dumper, binary=bool(prepared.format))
