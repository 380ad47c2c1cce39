"""Reads on a real replica that streams from its primary, and what happens when either goes."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.access.servers import MAJORS, Own, admin, folder

from dbdeed import access
from dbdeed.access import sync
from dbdeed.access.routing import position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ON_REPLICA = access.Statement("SELECT pg_is_in_recovery()")
COUNT = access.Statement("SELECT count(*) FROM t")
INSERT = access.Statement("INSERT INTO t VALUES ($1)", writes=True)
PAUSE, RESUME = "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()"


class Pair:
    """A primary and its replica."""

    def __init__(self, primary: Own, replica: Own) -> None:
        self.primary = primary
        self.replica = replica

    def database(self, **settings: Any) -> sync.Database:
        return sync.Database(self.primary.address, replicas=[self.replica.address], **settings)

    def caught_up(self) -> None:
        """Wait until the replica has everything."""
        ((lsn,),) = admin(self.primary.address, "SELECT pg_current_wal_lsn()::text")
        until(lambda: admin(self.replica.address, f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'")[0][0])

    def paused(self) -> None:
        """Let the replica fall behind."""
        admin(self.replica.address, PAUSE)
        until(lambda: admin(self.replica.address, "SELECT pg_get_wal_replay_pause_state()") == [("paused",)])


def until(true: Callable[[], object], within: float = 20.0) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


@pytest.fixture(scope="module", params=MAJORS, ids="PostgreSQL {}".format)
def standing(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with ExitStack() as stack:
        place = folder(stack)
        primary = stack.enter_context(Own(request.param, place, "primary"))
        primary.make()
        primary.start()
        replica = stack.enter_context(Own(request.param, place, "replica"))
        replica.follow(primary)
        replica.start()
        yield Pair(primary, replica)


@pytest.fixture
def pair(standing: Pair) -> Pair:
    admin(standing.replica.address, RESUME)
    admin(standing.primary.address, "DROP TABLE IF EXISTS t")
    admin(standing.primary.address, "CREATE TABLE t (id int PRIMARY KEY)")
    standing.caught_up()
    return standing


def on_replica(session: sync.Session) -> bool:
    found: bool = session.rows(ON_REPLICA)[0][0]
    return found


def test_what_only_reads_goes_to_the_replica(pair: Pair) -> None:
    with pair.database() as database:
        assert on_replica(database)
        assert database.rows("SELECT pg_is_in_recovery()") == [(False,)]  # by hand: it may do anything
        with database.transaction(read_only=True) as transaction:
            assert on_replica(transaction)
        with database.transaction() as transaction:
            assert not on_replica(transaction)
        with database.transaction(read_only=True, primary=True) as transaction:
            assert not on_replica(transaction)
        assert database.run(on_replica, read_only=True)
        assert list(database.stream(ON_REPLICA, (), list)) == [(True,)]
        (metrics,) = database.replica_metrics()
        assert metrics.acquired >= 3


def test_a_context_reads_what_it_wrote(pair: Pair) -> None:
    with pair.database() as database:
        assert on_replica(database)
        pair.paused()
        for key in range(1, 6):
            database.execute(INSERT, (key,))
            assert database.rows(COUNT) == [(key,)]
        with database.transaction() as transaction:
            transaction.execute(INSERT, (6,))
        assert database.run(lambda one: one.rows(COUNT), read_only=True) == [(6,)]
        assert not on_replica(database)
        admin(pair.replica.address, RESUME)
        until(lambda: on_replica(database))
        assert database.rows(COUNT) == [(6,)]


def test_reads_are_never_older_than_writes_however_often_they_alternate(pair: Pair) -> None:
    with pair.database(pool=access.PoolSettings(max=4)) as database:
        wrong: list[object] = []
        replicas = [0]

        def work(number: int) -> None:
            for step in range(60):
                key = number * 1000 + step
                database.execute(INSERT, (key,))
                time.sleep(0.002 * (step % 7))
                found = database.rows(
                    access.Statement("SELECT pg_is_in_recovery() FROM t WHERE id = $1"), (key,)
                )
                if len(found) != 1:
                    wrong.append(key)
                replicas[0] += sum(row[0] for row in found)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert replicas[0] > 0  # else nothing was proved


def test_tasks_share_what_their_context_wrote_and_others_do_not_wait(pair: Pair) -> None:
    async def work() -> None:
        async with access.Database(pair.primary.address, replicas=[pair.replica.address]) as database:

            async def replica() -> bool:
                found: bool = (await database.rows(ON_REPLICA))[0][0]
                return found

            elsewhere = asyncio.Event()

            async def other() -> list[bool]:
                before = await replica()
                await elsewhere.wait()
                return [before, await replica()]

            task = asyncio.create_task(other())
            await asyncio.sleep(0.05)
            await asyncio.to_thread(pair.paused)
            assert await replica()
            # A child writes: its parent, and its parent's other children, see it.
            await asyncio.create_task(database.execute(INSERT, (1,)))
            assert not await replica()
            assert not await asyncio.create_task(replica())
            assert await database.rows(COUNT) == [(1,)]
            elsewhere.set()
            assert await task == [True, True]  # it wrote nothing, and began before

    asyncio.run(work())


def test_a_context_that_begins_takes_over_what_was_written(pair: Pair) -> None:
    with pair.database() as database:
        pair.paused()
        thread = threading.Thread(target=lambda: database.execute(INSERT, (1,)))
        thread.start()
        thread.join()
        assert database.rows(COUNT) == [(1,)]


def test_a_function_that_writes_after_all_goes_to_the_primary(pair: Pair) -> None:
    admin(
        pair.primary.address,
        "CREATE OR REPLACE FUNCTION note() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (77) RETURNING id'",
    )
    pair.caught_up()
    with pair.database() as database:
        sneaky = access.Statement("SELECT note()")
        assert database.rows(sneaky) == [(77,)]
        database.execute("TRUNCATE t")
        pair.caught_up()
        before = database.replica_metrics()[0].acquired
        assert database.rows(sneaky) == [(77,)]
        assert database.replica_metrics()[0].acquired == before


def test_a_write_is_found_behind_a_switch_of_log_files(pair: Pair) -> None:
    with pair.database() as database:
        database.execute(INSERT, (1,))
        admin(pair.primary.address, "SELECT pg_switch_wal()")
        until(lambda: on_replica(database), within=5)


def test_positions_behind_a_page_header_are_the_start_of_the_page() -> None:
    assert position("0/5000028", 8192) == position("0/5000000", 8192) == 0x5000000
    assert position("1/5002018", 8192) == 0x105002000
    assert position("0/5000030", 8192) == 0x5000030
    assert position("0/5002018", 16384) == 0x5002018


def test_serializable_reads_stay_on_the_primary(pair: Pair) -> None:
    with (
        pair.database() as database,
        database.transaction(read_only=True, isolation="serializable") as transaction,
    ):
        assert not on_replica(transaction)


def test_where_positions_cannot_be_asked_a_time_decides(pair: Pair) -> None:
    admin(pair.primary.address, "DROP ROLE IF EXISTS poor")
    admin(pair.primary.address, "CREATE ROLE poor LOGIN")
    admin(pair.primary.address, "GRANT ALL ON t TO poor")
    admin(pair.primary.address, "REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC")
    try:
        pair.caught_up()
        addresses = [
            one.address.replace("user=postgres", "user=poor") for one in (pair.primary, pair.replica)
        ]
        with sync.Database(addresses[0], replicas=addresses[1:], replica_lag=0.4) as database:
            assert on_replica(database)
            wrote = time.monotonic()
            database.execute(INSERT, (1,))
            assert not on_replica(database)
            until(lambda: on_replica(database))
            assert time.monotonic() - wrote >= 0.4
    finally:
        admin(pair.primary.address, "GRANT EXECUTE ON FUNCTION pg_current_wal_insert_lsn() TO PUBLIC")


def test_a_replica_that_goes_is_left_and_taken_up_again(pair: Pair) -> None:
    retry = access.RetryPolicy(attempts=1)  # the primary takes over without one
    with pair.database(retry=retry) as database:
        assert on_replica(database)
        pair.replica.stop()
        for _ in range(20):
            assert not on_replica(database)
        assert not database.run(on_replica, read_only=True)
        pair.replica.start()
        until(lambda: on_replica(database))


def test_a_replica_that_was_never_there_stops_nobody(pair: Pair) -> None:
    with sync.Database(
        pair.primary.address, replicas=["postgresql:///postgres?host=/nowhere&user=postgres"]
    ) as database:
        assert not on_replica(database)


def test_reads_that_the_replicas_pool_has_no_place_for_go_to_the_primary(pair: Pair) -> None:
    with pair.database(pool=access.PoolSettings(min=1, max=1, acquire_timeout=0.1)) as database:
        with database.transaction(read_only=True) as transaction:
            assert on_replica(transaction)
            assert not on_replica(database)
            with database.transaction(read_only=True) as other:
                assert not on_replica(other)
                with pytest.raises(access.PoolTimeout, match="1 of 1 in use"):  # the primary's own
                    on_replica(database)
        assert on_replica(database)  # at once: it was not held to be ill


def test_the_database_of_the_environment(pair: Pair) -> None:
    environment = {"A": pair.primary.address, "C": pair.replica.address}
    database = sync.Database.from_env("A", replicas=("B", "C"), environment=environment)
    with database:
        assert len(database.replica_metrics()) == 1
        assert on_replica(database)
    with pytest.raises(access.ConfigurationError, match="SQLite has no replicas"):
        sync.Database("sqlite:///x.db", replicas=["sqlite:///y.db"])


@pytest.mark.parametrize("major", MAJORS)
def test_a_failover_is_followed(major: int) -> None:
    with ExitStack() as stack:
        place = folder(stack)
        one = stack.enter_context(Own(major, place, "one"))
        one.make()
        one.start()
        admin(one.address, "CREATE TABLE t (id int PRIMARY KEY)")
        other = stack.enter_context(Own(major, place, "other"))
        other.follow(one)
        other.start()
        both = (
            f"host={one.socket},{other.socket} dbname=postgres user=postgres target_session_attrs=read-write"
        )
        retry = access.RetryPolicy(attempts=8, first=0.05)
        with sync.Database(both, pool=access.PoolSettings(min=3, max=4), retry=retry) as database:
            database.execute(INSERT, (1,))
            Pair(one, other).caught_up()
            one.shut_down()
            admin(other.address, "SELECT pg_promote()")
            assert database.run(lambda transaction: transaction.execute(INSERT, (2,))) == 1
            assert database.rows(COUNT) == [(2,)]
            assert {lease.connection.server for lease in database._routes.primary._leases} == {  # type: ignore[union-attr]
                f"{other.socket}:5432"
            }


@pytest.mark.parametrize("major", MAJORS)
def test_a_primary_that_became_read_only_is_left(major: int) -> None:
    with ExitStack() as stack:
        place = folder(stack)
        one = stack.enter_context(Own(major, place, "one"))
        one.make()
        one.start()
        admin(one.address, "CREATE TABLE t (id int PRIMARY KEY)")
        other = stack.enter_context(Own(major, place, "other"))
        other.follow(one)
        other.start()
        Pair(one, other).caught_up()
        admin(other.address, "SELECT pg_promote()")
        until(lambda: not admin(other.address, "SELECT pg_is_in_recovery()")[0][0])
        both = (
            f"host={one.socket},{other.socket} dbname=postgres user=postgres target_session_attrs=read-write"
        )
        with sync.Database(both, pool=access.PoolSettings(min=2, max=2)) as database:
            assert database.execute(INSERT, (1,)) == 1
            # The old primary is still there, but takes no changes any more: as hosted ones do it.
            admin(one.address, "ALTER SYSTEM SET default_transaction_read_only = on")
            admin(one.address, "SELECT pg_reload_conf()")
            until(lambda: admin(one.address, "SHOW default_transaction_read_only") == [("on",)])
            time.sleep(0.1)
            assert database.execute(INSERT, (2,)) == 1
            assert database.rows(COUNT) == [(1,)]
            assert database.metrics().dropped["failover"] == 2
            with pytest.raises(access.ReadOnly), database.transaction(read_only=True) as transaction:
                transaction.execute(INSERT, (3,))
            assert database.metrics().dropped["failover"] == 2  # the caller's own fault
