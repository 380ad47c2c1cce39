"""One contestant in a process of its own: it does what it is told, line by line of JSON, and times it.

    python -m benchmarks.accessing.worker MODULE

Only the standard library is used here, since each contestant has an environment of its own. Within a block
nothing but the contestant's calls is timed: its arguments are made before, and the garbage of others is gone.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import os
import sys
import time
from decimal import Decimal
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

USERS = 1000
BULK = 1000
TASKS = 20
_USER = ("id", "email", "name", "active", "credit", "created_at")
_ORDER = ("id", "user_id", "status", "total", "note", "placed_at")


class Calls:
    """Makes the arguments of calls: the same for every contestant that has the same seed, but for emails.

    Args:
        owner: nobody else's name.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._numbers = iter(range(10**9))

    def arguments(self, work: str, chance: Random, mark: str = "") -> tuple[Any, ...]:
        """Those of one call; `mark` stands behind what a row is changed to."""
        if work in ("get", "pooled"):
            return (chance.randint(1, USERS),)
        if work == "update":
            return (chance.randint(1, USERS), f"Name {chance.randint(1, 10**6)}{mark}")
        if work == "insert":
            return (self._new(chance),)
        if work == "insert_many":
            return ([self._new(chance) for _ in range(BULK)],)
        return ()

    def _new(self, chance: Random) -> tuple[str, str, Decimal]:
        number = next(self._numbers)
        credit = Decimal(chance.randint(0, 10**5)).scaleb(-2)
        return f"{self._owner}-{number}@example.org", f"New user {number}", credit


def plain(found: object) -> Any:
    """What a contestant found, as values that can be compared with what the others found."""
    if isinstance(found, list | tuple) and not hasattr(found, "_mapping"):
        return [plain(one) for one in found]
    if hasattr(found, "email"):
        return [_value(getattr(found, name)) for name in _USER]
    if hasattr(found, "user_id"):
        return [_value(getattr(found, name)) for name in _ORDER]
    return None


def _value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value


class Worker:
    """Drives a contestant, which may be asynchronous or not."""

    def __init__(self, module: str, runner: asyncio.Runner) -> None:
        found = importlib.import_module(f"benchmarks.accessing.contestants.{module}")
        self._contestant = found.Contestant()
        self._asynchronous = inspect.iscoroutinefunction(found.Contestant.get)
        owner = f"{module}-{os.getpid()}"
        self._calls = Calls(owner)
        # SQLite writes nothing where a row is changed to what it is already: who came second in a round would
        # have nothing to do.
        self._mark = f" {crc32(owner.encode()):08x}"
        self._runner = runner

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "open":
                self._call("open", order["place"])
            case "close":
                self._call("close")
            case "show":
                arguments = self._calls.arguments(order["work"], Random(order["seed"]))
                return {"found": plain(self._call(self._method(order["work"]), *arguments))}
            case "block":
                return self._block(order["work"], order["calls"], Random(order["seed"]))
        return {}

    def _method(self, work: str) -> str:
        if work != "pooled":
            return work
        return "pooled_get" if hasattr(self._contestant, "pooled_get") else "get"

    def _call(self, name: str, *arguments: Any) -> Any:
        method = getattr(self._contestant, name)
        return self._runner.run(method(*arguments)) if self._asynchronous else method(*arguments)

    def _block(self, work: str, calls: int, chance: Random) -> dict[str, Any]:
        arguments = [self._calls.arguments(work, chance, self._mark) for _ in range(calls)]
        method = getattr(self._contestant, self._method(work))
        gc.collect()
        if not self._asynchronous:
            timed = _one_by_one(method, arguments)
        elif work == "pooled":
            timed = self._runner.run(_together(method, arguments))
        else:
            timed = self._runner.run(_each_awaited(method, arguments))
        seconds, processor = timed
        return {"seconds": seconds / calls, "processor": processor / calls}


def _one_by_one(method: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> tuple[float, float]:
    processor, began = time.process_time(), time.perf_counter()
    for one in arguments:
        method(*one)
    return time.perf_counter() - began, time.process_time() - processor


async def _each_awaited(
    method: Callable[..., Awaitable[Any]], arguments: Sequence[tuple[Any, ...]]
) -> tuple[float, float]:
    processor, began = time.process_time(), time.perf_counter()
    for one in arguments:
        await method(*one)
    return time.perf_counter() - began, time.process_time() - processor


async def _together(
    method: Callable[..., Awaitable[Any]], arguments: Sequence[tuple[Any, ...]]
) -> tuple[float, float]:
    async def task(part: Sequence[tuple[Any, ...]]) -> None:
        for one in part:
            await method(*one)

    processor, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(task(arguments[start::TASKS]) for start in range(TASKS)))
    return time.perf_counter() - began, time.process_time() - processor


def _serve(module: str) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    worker: Worker | None = None
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            try:
                worker = worker or Worker(module, runner)
                answer = worker.obey(json.loads(line))
            except Exception as error:  # noqa: BLE001 - the benchmark names what failed, and goes on
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
