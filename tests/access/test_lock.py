"""The lock that SQLite's writers queue for, for tasks and for threads."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time

from dbdeed.access.lock import Lock
from dbdeed.access.sync.lock import Lock as SyncLock


def test_tasks_are_served_in_order_and_leave_nothing_behind() -> None:
    async def work() -> None:
        lock = Lock()
        assert await lock.acquire(None)
        order: list[int] = []

        async def hold(number: int) -> None:
            assert await lock.acquire(5)
            order.append(number)
            await asyncio.sleep(0)
            lock.release()

        tasks = []
        for number in range(20):
            tasks.append(asyncio.create_task(hold(number)))
            await asyncio.sleep(0)
        assert await lock.acquire(0.01) is False
        for number in (3, 7):
            tasks[number].cancel()
        lock.release()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [number for number in range(20) if number not in (3, 7)]
        assert await lock.acquire(0)

    asyncio.run(work())


def test_a_task_that_is_cancelled_as_it_is_granted_passes_it_on() -> None:
    async def work() -> None:
        chance = random.Random(2)
        lock = Lock()
        holding = 0

        async def hold() -> None:
            nonlocal holding
            if not await lock.acquire(chance.random() / 100):
                return
            try:
                holding += 1
                assert holding == 1
                await asyncio.sleep(chance.random() / 1000)
            finally:
                holding -= 1
                lock.release()

        for _ in range(30):
            tasks = [asyncio.create_task(hold()) for _ in range(20)]
            await asyncio.sleep(chance.random() / 200)
            for task in chance.sample(tasks, 10):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert await lock.acquire(0)

    asyncio.run(work())


def test_threads_are_served_in_order() -> None:
    lock = SyncLock()
    assert lock.acquire(None)
    order: list[int] = []

    def hold(number: int) -> None:
        assert lock.acquire(5)
        order.append(number)
        time.sleep(0.001)
        lock.release()

    threads = []
    for number in range(10):
        threads.append(threading.Thread(target=hold, args=(number,)))
        threads[-1].start()
        while len(lock._waiting) <= number:
            time.sleep(0.001)
    assert lock.acquire(0.01) is False
    lock.release()
    for thread in threads:
        thread.join()
    assert order == list(range(10))
    assert lock.acquire(0)


def test_threads_never_hold_it_together_and_leave_it_free() -> None:
    lock = SyncLock()
    chance = random.Random(3)
    holding = held = 0
    waits = [[chance.choice((0.0, 0.0002, 5.0)) for _ in range(400)] for _ in range(8)]
    wrong: list[int] = []

    def work(mine: list[float]) -> None:
        nonlocal holding, held
        for within in mine:
            if lock.take() or lock.acquire(within):
                holding += 1
                if holding != 1:
                    wrong.append(holding)
                held += 1
                holding -= 1
                lock.release()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads take turns everywhere
    try:
        threads = [threading.Thread(target=work, args=(mine,)) for mine in waits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert not wrong
    assert held >= len(waits) * 100
    assert lock.take()
    assert not lock.take()
    assert not lock._waiting
