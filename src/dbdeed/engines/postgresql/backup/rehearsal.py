"""A place where the steps of a restore by hand are tried out, by the user that a person would do it as.

It has no network. A server that a step starts gets our isolation on its command line, so that a restored
configuration archives nowhere, subscribes to nothing and preloads nothing.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.backup.isolation import ISOLATION, drill_room, isolated, own_files, target_of
from dbdeed.engines.postgresql.backup.source import kept_source
from dbdeed.engines.postgresql.servers.account import Launch, account, own, reachable
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import MEMORY, PORT, initialise
from dbdeed.engines.recovering import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.engines.postgresql.backup.source import Source
    from dbdeed.engines.postgresql.servers.account import Account
    from dbdeed.engines.postgresql.servers.programs import Programs

_START = " -w start"


@contextmanager
def stage_cluster(data: Path, work: Path) -> Iterator[Stage]:
    """For steps that start a server on a folder of their own."""
    source, who = kept_source(data), account()
    programs = reachable(find(source.major), who)
    with drill_room(work) as place:
        for folder in (place, place / "s"):  # `data` is made in the one by the steps
            own(folder, who)
        # Who is let in where the server was is another question than whether the steps bring it back.
        let_in = {name: path for name, path in own_files(place, who).items() if name != "config_file"}
        options = " ".join(
            f"-c {name}={_quoted(value)}"
            for name, value in {
                **ISOLATION,
                **let_in,
                "listen_addresses": "",
                "unix_socket_directories": str(place / "s"),
                "port": str(PORT),
                "logging_collector": "off",
            }.items()
        )

        def step(command: str) -> str:
            # The room sweeps away a server on `data` should we be killed.
            command = command.replace('"$PWD/restored"', f'"{place}/data"')
            if command.endswith(_START):
                return f"{command.removesuffix(_START)} -o {shlex.quote(options)}{_START}"
            return command

        yield Stage(
            folder=_folder(place, who),
            environment=_environment(programs, place, source),
            adopt=lambda: _adopt(place / "steps", who),
            step=step,
            after=("psql -X -Atc 'SELECT count(*) FROM pg_catalog.pg_class'",),
            last='[ ! -e "$DATA/postmaster.pid" ] || pg_ctl -D "$DATA" -m immediate stop',
            argv=lambda command: _argv(command, who),
            shares=not who.foreign,
        )


@contextmanager
def stage_database(data: Path, work: Path) -> Iterator[Stage]:
    """For steps that fill a database on a server that is there: a new, empty one."""
    source, who = kept_source(data), account()
    programs = find(source.major)
    superuser = source.superuser or "dbdeed_restore"
    with drill_room(work) as place:
        options = ("--locale=C", "--auth=trust", "--no-sync")
        cluster = own(place / "data", who)
        initialise(reachable(programs, who), cluster, who, superuser=superuser, options=options)
        with isolated(programs, place, who) as server:
            # Roles are made by name, and the server's own is there already.
            target = target_of(server, user=superuser, database="postgres")
            assert target.url
            environment = _environment(reachable(programs, who), place, source)
            yield Stage(
                folder=_folder(place, who),
                environment={**environment, "PGUSER": superuser, "PGDATABASE": "restored"},
                adopt=lambda: _adopt(place / "steps", who),
                step=lambda command: command,
                after=("psql -X -Atc 'SELECT count(*) FROM pg_catalog.pg_class'",),
                last="",
                argv=lambda command: _argv(command, who),
                shares=not who.foreign,
            )


def _folder(place: Path, who: Account) -> Path:
    return own(place / "steps", who)


def _environment(programs: Programs, place: Path, source: Source) -> Mapping[str, str]:
    return {
        "PATH": f"{programs.folder}:/usr/bin:/bin",
        "HOME": str(place / "steps"),
        "LC_ALL": "C",
        "PGHOST": str(place / "s"),
        "PGPORT": str(PORT),
        "PGUSER": source.superuser,
        "PGDATABASE": source.database,
    }


def _adopt(folder: Path, who: Account) -> None:
    if not who.foreign:
        return
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(here, name), who.user, who.group, follow_symlinks=False)  # noqa: PTH118


def _argv(command: Sequence[str], who: Account) -> list[str]:
    return Launch(tuple(command), parent=os.getpid(), isolated=True, memory=MEMORY).arguments(who)


def _quoted(value: str) -> str:
    """As pg_ctl's -o takes it: the shell reads it once more."""
    return shlex.quote(value)
