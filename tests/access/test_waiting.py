"""Waiting in a queue: one timer for all, and nobody is told twice."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from dbdeed.access.sync import waiting as threads
from dbdeed.access.waiting import Patience, Waiter


async def outcome(patience: Patience, waiter: Waiter[int]) -> int | str:
    try:
        return await patience.wait(waiter)
    except TimeoutError:
        return "too late"


def test_each_waits_as_long_as_the_first() -> None:
    async def run() -> tuple[list[Any], list[float]]:
        patience, ends = Patience(0.1), list[float]()
        loop = asyncio.get_running_loop()

        async def one(after: float) -> int | str:
            await asyncio.sleep(after)
            began = loop.time()
            found = await outcome(patience, Waiter())
            ends.append(loop.time() - began)
            return found

        return await asyncio.gather(*map(one, (0, 0.02, 0.05, 0.15, 0.15))), ends

    found, ends = asyncio.run(run())
    assert found == ["too late"] * 5
    assert all(0.09 < one < 1 for one in ends)


def test_who_was_granted_or_left_is_not_told_that_it_is_too_late() -> None:
    async def run() -> list[Any]:
        patience, waiters = Patience(0.05), [Waiter[int]() for _ in range(4)]
        tasks = [asyncio.create_task(outcome(patience, one)) for one in waiters]
        await asyncio.sleep(0)
        assert waiters[1].grant(7)
        tasks[2].cancel()
        await asyncio.sleep(0.1)
        assert [one.grant(8) for one in waiters] == [False] * 4
        assert [one.granted() for one in waiters] == [[], [7], [], []]
        return [str(one) for one in await asyncio.gather(*tasks, return_exceptions=True)]

    assert asyncio.run(run()) == ["too late", "7", "", "too late"]


def test_what_was_granted_before_the_waiting_is_there_at_once() -> None:
    async def run() -> int:
        waiter = Waiter[int]()
        waiter.grant(3)
        return await Patience(10).wait(waiter)

    assert asyncio.run(run()) == 3


def test_a_task_that_is_cancelled_as_its_time_is_up_leaves_no_complaint() -> None:
    async def run() -> list[Any]:
        said: list[Any] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(context))
        patience, waiter = Patience(0.02), Waiter[int]()
        task = asyncio.create_task(outcome(patience, waiter))
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - both are due in the same turn of the loop
        cancel = task.cancel
        loop.call_soon(lambda: loop.call_soon(cancel))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waiter.future.done()
        del waiter
        await asyncio.sleep(0)
        return said

    assert asyncio.run(run()) == []


def test_a_queue_of_many_holds_only_those_who_wait() -> None:
    async def run() -> int:
        patience = Patience(60)
        for number in range(1000):
            waiter = Waiter[int]()
            future = patience.wait(waiter)
            waiter.grant(number)
            await future
        return len(patience._waiting)

    assert asyncio.run(run()) == 1


def test_threads_wait_alike() -> None:
    patience, waiter = threads.Patience(0.05), threads.Waiter[int]()
    with pytest.raises(TimeoutError):
        patience.wait(threads.Waiter[int]())
    threading.Timer(0.01, waiter.grant, (5,)).start()
    assert threads.Patience(10).wait(waiter) == 5
