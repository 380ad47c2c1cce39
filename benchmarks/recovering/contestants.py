"""The tools, each used as its manual shows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.recovering.bench import SUPERUSER

from dbdeed.app.project import open_project
from dbdeed.app.receive import receiver_health
from dbdeed.engines.postgresql.servers.account import account, own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.recovering.bench import Bench, Contestant

_JOBS = str(os.cpu_count() or 1)


class _Tool:
    """What is not said does not take part."""

    name = ""

    def absent(self, bench: Bench) -> str:  # noqa: ARG002 - the protocol's
        return ""

    def prepare(self, bench: Bench) -> None: ...

    def ready(self, bench: Bench, work: str) -> None: ...

    def incremental(self, bench: Bench) -> object | None:  # noqa: ARG002
        return None

    def moment(self, bench: Bench) -> object | None:  # noqa: ARG002
        return None

    def clean(self, bench: Bench) -> None: ...


class Dbdeed(_Tool):
    """The commands of a document."""

    name = "dbdeed"

    def prepare(self, bench: Bench) -> None:
        self.folder = bench.work / "dbdeed"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "DATABASE.md").write_text(
            "# A\n\n## Overview\n\n**Database System**: PostgreSQL\n\n## Backup and Recovery\n\n"
            "- **Frequency**: Weekly full, daily incremental\n- **Method**: Snapshots\n"
        )

    def backup(self, bench: Bench) -> object:
        return self._run(bench, "backup", "run", "--full", "-q")

    def incremental(self, bench: Bench) -> object | None:
        return self._run(bench, "backup", "run", "-q") if bench.major >= 17 else None

    def restore(self, bench: Bench) -> object:
        place = self.folder / "restored"
        self._run(bench, "restore", "--into", str(place), "-q")
        try:
            return bench.answer(place) if bench.major >= 17 else bool(bench.answer(place))
        finally:
            shutil.rmtree(place)

    def moment(self, bench: Bench) -> object:
        place = self.folder / "moment"
        self._run(bench, "restore", "--to", "latest", "--into", str(place), "-q")
        try:
            return bench.answer(place)
        finally:
            shutil.rmtree(place)

    def ready(self, bench: Bench, work: str) -> None:
        """From the first backup on the log is archived; before a moment is asked for, it has all come."""
        if work == "incremental":
            self.receiver = subprocess.Popen(
                [sys.executable, "-m", "dbdeed", "backup", "receive"],
                cwd=self.folder,
                env={**os.environ, "DATABASE_URL": bench.url},
                stdout=subprocess.DEVNULL,
            )
            self._reached(datetime.min.replace(tzinfo=UTC))
        elif work == "moment":
            self._reached(datetime.now(UTC))
            self.receiver.terminate()
            self.receiver.wait()

    def _reached(self, moment: datetime) -> None:
        while True:
            health = receiver_health(open_project(self.folder / "DATABASE.md"))
            if health is not None and health.reached is not None and health.reached > moment:
                return
            time.sleep(0.5)

    def clean(self, bench: Bench) -> None:
        self._run(bench, "backup", "receive", "--forget")
        shutil.rmtree(self.folder)

    def _run(self, bench: Bench, *arguments: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "dbdeed", *arguments],
            cwd=self.folder,
            # As from an installed package, whose modules are compiled already.
            env={**os.environ, "DATABASE_URL": bench.url, "PYTHONDONTWRITEBYTECODE": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"dbdeed {' '.join(arguments)}: {done.stdout} {done.stderr}")
        return True


class BaseBackup(_Tool):
    """PostgreSQL's own programs by hand: no digest but the manifest's, no row counted, nothing checked."""

    name = "pg_basebackup"

    def prepare(self, bench: Bench) -> None:
        self.folder = bench.folder("plain")

    def backup(self, bench: Bench) -> object:
        bench.run(bench.bin / "pg_basebackup", "-D", self.folder / "full", "-c", "fast")
        return True

    def incremental(self, bench: Bench) -> object | None:
        if bench.major < 17:
            return None
        bench.run(
            bench.bin / "pg_basebackup", "-D", self.folder / "increment", "-c", "fast",
            f"--incremental={self.folder / 'full' / 'backup_manifest'}",
        )  # fmt: skip
        return True

    def restore(self, bench: Bench) -> object:
        place = self.folder / "restored"
        if bench.major >= 17:
            bench.run(
                bench.bin / "pg_combinebackup", self.folder / "full", self.folder / "increment", "-o", place
            )
        else:
            bench.run("cp", "-a", self.folder / "full", place)
        return bench.answer(place) if bench.major >= 17 else bool(bench.answer(place))

    def clean(self, bench: Bench) -> None:  # noqa: ARG002
        shutil.rmtree(self.folder)


class Dump(_Tool):
    """pg_dump's directory, and as many jobs as there are processors."""

    name = "pg_dump"

    def prepare(self, bench: Bench) -> None:
        self.folder = bench.folder("dump")

    def backup(self, bench: Bench) -> object:
        bench.run(bench.bin / "pg_dump", "-Fd", "-j", _JOBS, "-f", self.folder / "dump")
        return True

    def restore(self, bench: Bench) -> object:
        bench.run(bench.bin / "createdb", "-T", "template0", "restored")
        try:
            bench.run(bench.bin / "pg_restore", "-j", _JOBS, "-d", "restored", self.folder / "dump")
            return bool(
                bench.run(bench.bin / "psql", "-XAtc", "SELECT max(mark) FROM marks", PGDATABASE="restored")
            )
        finally:
            bench.run(bench.bin / "dropdb", "restored")

    def clean(self, bench: Bench) -> None:  # noqa: ARG002
        shutil.rmtree(self.folder)


class PgBackRest(_Tool):
    """A repository beside it, compressed by zstd, as many processes as there are processors."""

    name = "pgBackRest"

    def absent(self, bench: Bench) -> str:
        if shutil.which("pgbackrest") is None:
            return "not installed (Debian: apt-get install pgbackrest)"
        return "" if bench.major <= 15 else "Debian's version knows no server newer than 15"

    def prepare(self, bench: Bench) -> None:
        self.folder = bench.folder("pgbackrest")
        who = account()
        for name in ("repo", "log", "lock", "spool"):
            own(self.folder / name, who)
        self.conf = self.folder / "pgbackrest.conf"
        self.conf.write_text(
            f"[global]\nrepo1-path={self.folder}/repo\nlog-path={self.folder}/log\nlock-path={self.folder}/lock\n"
            f"spool-path={self.folder}/spool\nprocess-max={_JOBS}\nstart-fast=y\ncompress-type=zst\n"
            f"compress-level=1\nrepo1-retention-full=2\n[main]\npg1-path={bench.server.data}\n"
            f"pg1-socket-path={bench.server.socket}\npg1-user={SUPERUSER}\n"
        )
        self.conf.chmod(0o644)
        self._run(bench, "stanza-create")
        bench.settings(archive_command=f"pgbackrest --config={self.conf} --stanza=main archive-push %p")

    def backup(self, bench: Bench) -> object:
        self._run(bench, "--type=full", "backup")
        return True

    def incremental(self, bench: Bench) -> object:
        self._run(bench, "--type=incr", "backup")
        return True

    def restore(self, bench: Bench) -> object:
        return self._restored(bench, "--type=immediate", "--target-action=promote")

    def ready(self, bench: Bench, work: str) -> None:
        if work == "moment":
            [(wanted,)] = bench.sql("SELECT pg_walfile_name(pg_switch_wal())")
            bench.until(f"SELECT last_archived_wal >= '{wanted}' FROM pg_stat_archiver")

    def moment(self, bench: Bench) -> object:
        return self._restored(bench, "--type=default")

    def _restored(self, bench: Bench, *arguments: str) -> object:
        place = bench.folder("restored-by-pgbackrest")
        try:
            self._run(bench, f"--pg1-path={place}", *arguments, "restore")
            return bench.answer(place)
        finally:
            shutil.rmtree(place)

    def clean(self, bench: Bench) -> None:
        bench.settings()
        shutil.rmtree(self.folder)

    def _run(self, bench: Bench, *arguments: str) -> None:
        bench.run(
            "pgbackrest", f"--config={self.conf}", "--stanza=main", "--log-level-console=warn", *arguments
        )


class Barman(_Tool):
    """By pg_basebackup and a slot, on the same machine; increments from version 17 of the server on."""

    name = "Barman"

    def absent(self, bench: Bench) -> str:  # noqa: ARG002
        for program in ("barman", "rsync"):
            if shutil.which(program) is None:
                return f"{program} is not installed"
        return ""

    def prepare(self, bench: Bench) -> None:
        self.folder = bench.folder("barman")
        own(self.folder / "home", account())
        self.conf = self.folder / "barman.conf"
        conninfo = f"host={bench.server.socket} user={SUPERUSER} dbname=postgres"
        user = account().name or "postgres"
        self.conf.write_text(
            f"[barman]\nbarman_home={self.folder}/home\nbarman_user={user}\nlog_file={self.folder}/home/log\n"
            f"[main]\ndescription=x\nconninfo={conninfo}\nstreaming_conninfo={conninfo}\nbackup_method=postgres\n"
            f"streaming_archiver=on\nslot_name=barman\npath_prefix={bench.bin}\nparallel_jobs={_JOBS}\n"
        )
        self.conf.chmod(0o644)
        self._run(bench, "receive-wal", "--create-slot", "main")
        self.receiver = bench.start(
            "barman", "-c", str(self.conf), "receive-wal", "main", HOME=str(self.folder)
        )
        bench.until("SELECT active FROM pg_replication_slots WHERE slot_name = 'barman'")
        self._archive(bench)

    def ready(self, bench: Bench, work: str) -> None:
        if work == "moment":
            self._archive(bench)

    def backup(self, bench: Bench) -> object:
        self._run(bench, "backup", "--immediate-checkpoint", "--wait", "main")
        return True

    def incremental(self, bench: Bench) -> object | None:
        if bench.major < 17:
            return None
        self._run(bench, "backup", "--immediate-checkpoint", "--wait", "--incremental=latest", "main")
        return True

    def restore(self, bench: Bench) -> object:
        found = self._restored(bench, "--target-immediate", "--target-action=promote")
        return found if bench.major >= 17 else bool(found)

    def moment(self, bench: Bench) -> object:
        return self._restored(bench)

    def _restored(self, bench: Bench, *arguments: str) -> int:
        place = bench.folder("restored-by-barman")
        staging = (f"--local-staging-path={bench.folder('staging')}",) if bench.major >= 17 else ()
        try:
            self._run(bench, "restore", "--no-get-wal", *arguments, *staging, "main", "latest", str(place))
            return bench.answer(place)
        finally:
            shutil.rmtree(place)

    def clean(self, bench: Bench) -> None:
        self.receiver.send_signal(signal.SIGINT)
        self.receiver.wait()
        bench.until("SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'barman'")
        bench.sql("SELECT pg_drop_replication_slot('barman')")
        shutil.rmtree(self.folder)

    def _archive(self, bench: Bench) -> None:
        """All of the log up to now is in its place."""
        self._run(bench, "switch-wal", "--force", "--archive", "--archive-timeout", "120", "main")

    def _run(self, bench: Bench, *arguments: str) -> None:
        bench.run("barman", "-c", str(self.conf), "-q", *arguments, HOME=str(self.folder))


CONTESTANTS: Sequence[type[Contestant]] = (Dbdeed, BaseBackup, Dump, PgBackRest, Barman)  # type: ignore[assignment]
