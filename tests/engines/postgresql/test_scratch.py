"""Scratch databases: empty, private, like the live one, and gone afterwards."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.servers import scratch as scratches
from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.embedded import SUPERUSER
from dbdeed.engines.postgresql.servers.likeness import Likeness, clauses, likeness
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.scratch import open_scratch
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.seam import ScratchNeeds, Target
from dbdeed.errors import Refused, Unavailable
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.seam import Session


@pytest.fixture(scope="module")
def live(programs: Programs) -> Iterator[Server]:
    """A server with trust for everybody, as somebody's live one."""
    from dbdeed.engines.postgresql.servers.account import own

    with room("live") as folder:
        data = own(folder / "data", account())
        initialise(
            programs,
            data,
            account(),
            superuser=SUPERUSER,
            options=["--locale=C", "--auth=trust", "--no-sync"],
        )
        with throwaway(programs, data, folder / "s", {"fsync": "off"}) as server:
            with closing(connect(server.target("postgres", user=SUPERUSER))) as session:
                session.execute("CREATE ROLE maker LOGIN CREATEDB")
                session.execute("CREATE ROLE nobody_special LOGIN")
                session.execute(
                    "CREATE DATABASE latin TEMPLATE template0 OWNER maker ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
                )
            yield server


def _databases(server: Server) -> set[str]:
    with closing(connect(server.target("postgres", user=SUPERUSER))) as session:
        return {name for (name,) in session.fetch("SELECT datname FROM pg_database")}


def test_each_database_is_new_and_empty(private: PrivateScratch) -> None:
    with private.database() as one, private.database() as other:
        one.execute("CREATE TABLE t (a int)")
        assert other.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
        names = {session.fetch("SELECT current_database()")[0][0] for session in (one, other)}
    left = {name for (name,) in private.admin.fetch("SELECT datname FROM pg_database")}
    assert len(names) == 2
    assert not names & left


def test_a_database_goes_even_when_the_work_in_it_fails(private: PrivateScratch) -> None:
    def fail() -> None:
        with private.database() as session, session.transaction():
            session.execute("CREATE TABLE t (a int)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert private.admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'scratch%'") == []


def test_its_encoding_and_locale(db: Session) -> None:
    assert db.fetch(
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
        "WHERE datname = current_database()"
    ) == [("UTF8", "C", "C")]


def test_it_follows_the_live_database(live: Server, cache: Path) -> None:
    needs = ScratchNeeds(cache, target=live.target("latin", user="maker"))
    with open_scratch(needs, SILENT) as opened, opened.database() as session:
        assert session.version[0] == likeness(needs.target).major  # type: ignore[arg-type]
        assert session.fetch(
            "SELECT pg_encoding_to_char(encoding), current_user::text, pg_get_userbyid(datdba)::text "
            "FROM pg_database WHERE datname = current_database()"
        ) == [("LATIN1", "maker", "maker")]
        session.execute("CREATE EXTENSION pg_trgm")
        session.execute("COMMENT ON SCHEMA public IS 'é'")
        with pytest.raises(SqlRejected):
            session.execute("COMMENT ON SCHEMA public IS '漢'")


def test_a_live_superuser_is_an_ordinary_role_in_scratch(live: Server, cache: Path) -> None:
    needs = ScratchNeeds(cache, target=live.target("postgres", user=SUPERUSER))
    with open_scratch(needs, SILENT) as opened, opened.database() as session:
        assert session.fetch("SELECT current_user::text, current_setting('is_superuser')") == [
            (SUPERUSER, "off")
        ]


def test_an_unknown_locale_falls_back(private: PrivateScratch) -> None:
    like = Likeness(collate="xx_XX.nowhere", ctype="xx_XX.nowhere", provider="i", locale="xx")
    other = scratches.PrivateScratch(private.server, private.password, private.admin, like, private.roles)
    with other.database() as session:
        assert session.fetch("SELECT datcollate FROM pg_database WHERE datname = current_database()") == [
            ("C",)
        ]


def test_clauses_go_from_like_to_plain() -> None:
    found = clauses(Likeness(collate="de_DE", ctype="de_DE", provider="i", locale="de", rules="&a<b"), 16)
    assert "ICU_LOCALE 'de' ICU_RULES '&a<b'" in found[0]
    assert found[-1] == "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"


def test_another_major_is_refused_with_what_to_install(cache: Path) -> None:
    with pytest.raises(Unavailable) as caught, open_scratch(ScratchNeeds(cache, (8,)), SILENT):
        pytest.fail("it opened")
    assert "postgresql-8" in caught.value.hint


def test_settings_of_ours_do_not_reach_it(cache: Path, major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "/nowhere", "PGUSER": "x", "PGPASSWORD": "y", "PGSERVICE": "nosuch", "PGOPTIONS": "-c nonsense=1",
        "PGSSLMODE": "verify-full", "PGPORT": "9", "PGDATABASE": "z", "PGTARGETSESSIONATTRS": "standby",
        "LD_PRELOAD": "/nowhere.so", "LC_ALL": "xx_XX",
    }.items():  # fmt: skip
        if name != "PGSERVICE":
            monkeypatch.setenv(name, value)
    with open_scratch(ScratchNeeds(cache, (major,)), SILENT) as opened, opened.database() as session:
        assert session.fetch("SELECT 1") == [(1,)]


def test_the_template_is_closed_to_others(cache: Path, private: PrivateScratch) -> None:
    place = (cache / "postgresql") if not account().foreign else None
    if place is None:
        from dbdeed.engines.postgresql.servers.account import STATE

        place = STATE / "templates"
    found = [one for one in place.iterdir() if one.is_dir() and not one.name.startswith(".")]
    assert found
    for one in found:
        assert one.stat().st_mode & 0o077 == 0
        assert (one / "password").stat().st_mode & 0o077 == 0


class TestOnANamedServer:
    def _needs(self, live: Server, cache: Path, user: str, **more: Any) -> ScratchNeeds:
        return ScratchNeeds(cache, place=live.target("postgres", user=user).url, **more)

    def test_a_database_of_a_unique_name_comes_and_goes(self, live: Server, cache: Path) -> None:
        before = _databases(live)
        with open_scratch(self._needs(live, cache, "maker"), SILENT) as opened, opened.database() as session:
            (extra,) = _databases(live) - before
            assert extra.startswith("dbdeed_scratch_")
            assert session.fetch("SELECT current_database(), current_user::text") == [(extra, "maker")]
        assert _databases(live) == before

    def test_live_means_the_target(self, live: Server, cache: Path) -> None:
        target = live.target("latin", user="maker")
        needs = ScratchNeeds(cache, place="live", target=target)
        with open_scratch(needs, SILENT) as opened, opened.database() as session:
            assert session.fetch("SELECT current_setting('server_encoding')") == [("LATIN1",)]

    def test_live_without_a_target_is_refused(self, cache: Path) -> None:
        with pytest.raises(Refused), open_scratch(ScratchNeeds(cache, place="live"), SILENT):
            pytest.fail("it opened")

    def test_a_superuser_s_url_runs_the_sql_as_somebody_lesser(self, live: Server, cache: Path) -> None:
        with open_scratch(self._needs(live, cache, SUPERUSER), SILENT) as opened:
            with opened.database() as session:
                ((user, mighty),) = session.fetch(
                    "SELECT session_user::text, current_setting('is_superuser')"
                )
                assert (user.startswith("dbdeed_scratch_"), mighty) == (True, "off")
                with pytest.raises(SqlRejected):
                    session.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
                with pytest.raises(SqlRejected):
                    session.execute("SET SESSION AUTHORIZATION postgres")
            with closing(connect(live.target("postgres", user=SUPERUSER))) as session:
                assert session.fetch("SELECT 1 FROM pg_roles WHERE rolname LIKE 'dbdeed%'") == []

    def test_an_account_without_createdb_is_told_so(self, live: Server, cache: Path) -> None:
        with (
            open_scratch(self._needs(live, cache, "nobody_special"), SILENT) as opened,
            pytest.raises(Refused, match="may not make databases"),
            opened.database(),
        ):
            pytest.fail("it opened")

    def test_another_version_is_refused(self, live: Server, cache: Path) -> None:
        needs = self._needs(live, cache, "maker", version=(9,))
        with pytest.raises(Unavailable, match="must be PostgreSQL 9"), open_scratch(needs, SILENT):
            pytest.fail("it opened")

    def test_what_a_killed_run_left_is_dropped_when_it_is_old(self, live: Server, cache: Path) -> None:
        with closing(connect(live.target("postgres", user="maker"))) as session:
            session.execute("CREATE DATABASE dbdeed_scratch_5f000000_old")
            session.execute("CREATE DATABASE dbdeed_scratch_ffffffff_young")
            session.execute("CREATE DATABASE dbdeed_scratch_strange")
        with open_scratch(self._needs(live, cache, "maker"), SILENT):
            left = {name for name in _databases(live) if name.startswith("dbdeed_scratch_")}
        assert left == {"dbdeed_scratch_ffffffff_young", "dbdeed_scratch_strange"}
        with closing(connect(live.target("postgres", user="maker"))) as session:
            for name in left:
                session.execute(f"DROP DATABASE {name}")


def test_the_password_is_in_no_repr(private: PrivateScratch) -> None:
    assert private.password not in repr(private)
    assert len(private.password) >= 32


def test_target_of_a_live_server_is_left_alone(live: Server, cache: Path) -> None:
    before = _databases(live)
    target = Target(live.target("postgres", user="maker").url, "live")
    with open_scratch(ScratchNeeds(cache, target=target), SILENT) as opened, opened.database():
        assert _databases(live) == before


def test_options_of_anybodys_user_mapping_are_read(db: Session) -> None:
    for statement in (
        "CREATE FOREIGN DATA WRAPPER w",
        "CREATE SERVER s FOREIGN DATA WRAPPER w",
        "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'a')",
        "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'b')",
        "CREATE SERVER t FOREIGN DATA WRAPPER w",
        "CREATE USER MAPPING FOR app SERVER t",
    ):
        db.execute(statement)
    read = ENGINE.inspect(db)
    options = {one.id.name: one.options for one in read.objects.values() if one.id.kind == "user mapping"}  # type: ignore[attr-defined]
    assert options == {("s", ""): ("user=b",), ("s", "app"): ("user=a",), ("t", "app"): ()}
    assert read.unmodelled == ()


SECURED = (
    "CREATE TABLE t (a integer)",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "SET row_security = off",  # as a plan runs
)


def test_row_security_binds_the_scratch_as_it_binds_the_live_role(live: Server, cache: Path) -> None:
    with closing(connect(live.target("postgres", user=SUPERUSER))) as admin:
        admin.execute("CREATE ROLE bound LOGIN")
    for role, sees_all in ((SUPERUSER, True), ("bound", False)):
        target = live.target("postgres", user=role)
        with open_scratch(ScratchNeeds(cache, target=target), SILENT) as scratch, scratch.database() as db:
            for statement in SECURED:
                db.execute(statement)
            if sees_all:
                db.execute("CREATE MATERIALIZED VIEW m AS SELECT a FROM t")
            else:
                with pytest.raises(SqlRejected, match="row-level security"):
                    db.execute("CREATE MATERIALIZED VIEW m AS SELECT a FROM t")
