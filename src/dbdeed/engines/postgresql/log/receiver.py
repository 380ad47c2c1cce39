"""pg_receivewal with a replication slot of its own, so that the server keeps what was not received yet.

The slot is named after the project, and so is the connection: in the synchronous mode that is the name by
which commits wait for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dbdeed.engines.archiving import ReceiverFacts
from dbdeed.engines.postgresql.backup.source import read_source
from dbdeed.engines.postgresql.backup.tools import connection_of, failure_of
from dbdeed.engines.postgresql.log.spool import Spool
from dbdeed.engines.postgresql.quoting import literal
from dbdeed.engines.postgresql.servers.account import Launch, ourselves
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.archiving import Parcel
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.seam import Target

CAP = "16GB"
"""What an embedded server keeps at most for a receiver that is away, lest its disk fills."""

_STOPPING = 10.0
_PATIENCE = 30.0  # seconds for an answer; a busy server needs a part of one
_KEPT_WORDS = 4000

_FACTS = """
SELECT clock_timestamp(), coalesce(r.write_lsn::text, ''), f.lsn::text,
  coalesce(pg_catalog.pg_wal_lsn_diff(f.lsn, s.restart_lsn), 0)::int8,
  (SELECT CASE WHEN setting::int8 < 0 THEN NULL ELSE setting::int8 * 1048576 END
   FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size'),
  coalesce(s.wal_status = 'lost', false), coalesce(r.sync_state IN ('sync', 'quorum'), false)
FROM (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
             ELSE pg_catalog.pg_current_wal_flush_lsn() END AS lsn) AS f
LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name = {slot}
LEFT JOIN pg_catalog.pg_stat_replication AS r ON r.pid = s.active_pid
"""


def slot_name(owner: str) -> str:
    """The replication slot of a project."""
    return f"dbdeed_{owner}"[:63]


@dataclass(slots=True)
class WalReceiver:
    """The seam's `Receiver`; `spool` is a folder of this system's alone."""

    target: Target
    spool: Path
    slot: str
    synchronous: bool
    _process: subprocess.Popen[bytes] | None = None
    _files: Spool | None = None
    _words: BinaryIO | None = None  # what it says, in memory: of a full disk it could not say so on that disk
    _session: Session | None = field(default=None, repr=False)

    def start(self) -> None:
        """Make the slot where it is missing, and receive from where the spool or the slot ends."""
        session = self._asked()
        major = session.version[0]
        source = read_source(session)
        [(unit,)] = session.fetch(
            "SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'"
        )
        self._files = self._files or Spool(self.spool, source.system, int(unit))
        self._settle(session)
        self.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = connection_of(self.target, application=self.slot, replication=True)
        command = (
            str(find(major).path("pg_receivewal")),
            f"--directory={self.spool}",
            f"--slot={self.slot}",
            "--no-loop",  # we wait and begin again ourselves, and say so
            "--status-interval=1",
            "--no-password",
            *(["--synchronous"] if self.synchronous else []),
            f"--dbname={connection.conninfo}",
        )
        self._unheard()
        self._words = os.fdopen(os.memfd_create("said"), "w+b")
        self._process = subprocess.Popen(
            Launch(command, parent=os.getpid()).arguments(ourselves()),
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=self._words,
            env=dict(connection.environment),
            start_new_session=True,  # Ctrl-C is ours: we send what has come before we end
        )

    def ended(self) -> str | None:
        """None while it runs; else its last words."""
        if self._process is not None and self._process.poll() is None:
            return None
        code = self._process.returncode if self._process is not None else 0
        said = b""
        if self._words is not None:
            self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - _KEPT_WORDS))
            said = self._words.read()
        error = failure_of("pg_receivewal", said.decode("utf-8", "replace"), code)
        return f"{error.message} {error.hint}".strip()

    def facts(self) -> ReceiverFacts:
        """Ask the server, on a connection that is kept."""
        session = self._asked()
        try:
            with session.patient(_PATIENCE):
                [row] = session.fetch(_FACTS.format(slot=literal(self.slot)))
        except Unavailable:
            self._close()
            raise
        return ReceiverFacts(*row)

    def advice(self) -> Sequence[str]:
        """What of the server's settings a person should change."""
        facts, said = self.facts(), []
        if facts.cap is None:
            said.append(
                "The server keeps its log for this receiver without a limit, so that its disk fills where "
                f"the receiver stays away: run ALTER SYSTEM SET max_slot_wal_keep_size = '{CAP}'; "
                "SELECT pg_reload_conf();"
            )
        if self.synchronous and not facts.synchronous and not self.target.embedded:
            said.append(
                "Commits do not wait for this receiver yet: run ALTER SYSTEM SET synchronous_standby_names "
                f"= '{self.slot}'; SELECT pg_reload_conf(); and RESET it before the receiver stops for good."
            )
        return said

    def parcels(self, *, unfinished: bool) -> Iterator[Parcel]:
        """What is to be kept. Raises `LogDamaged`."""
        if self._files is not None and self.spool.is_dir():
            yield from self._files.parcels(unfinished=unfinished)

    def kept(self, parcel: Parcel) -> None:
        """It is in the store."""
        if self._files is not None:
            self._files.kept(parcel)

    def renew(self) -> None:
        """Make the slot anew; what the server has no more is lost, and stays a gap."""
        self.stop()
        session = self._asked()
        session.fetch(f"SELECT pg_catalog.pg_drop_replication_slot({literal(self.slot)})")
        for one in self.spool.iterdir():  # else pg_receivewal asks for what is gone
            if one.is_file():
                one.unlink()

    def stop(self) -> None:
        """Have pg_receivewal end at what it has."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOPPING)
            self._process.kill()
            self._process.wait()

    def release(self) -> None:
        """Commits wait for nobody any more, where it was we who told the server that they should."""
        with suppress(Unavailable):
            if self.synchronous and self.target.embedded:
                session = self._asked()
                with session.patient(_PATIENCE):
                    _reset(session, "synchronous_standby_names")

    def close(self) -> None:
        """End the connection by which the server is asked."""
        self._close()
        self._unheard()

    def _unheard(self) -> None:
        """Forget what an earlier pg_receivewal said."""
        if self._words is not None:
            self._words.close()
            self._words = None

    def _settle(self, session: Session) -> None:
        """The slot, and on a server of our own the settings that belong to it."""
        there = session.fetch("SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", self.slot)
        if not there:
            session.fetch("SELECT pg_catalog.pg_create_physical_replication_slot($1, true)", self.slot)
        if not self.target.embedded:
            return
        [(cap, names)] = session.fetch(
            "SELECT current_setting('max_slot_wal_keep_size'), current_setting('synchronous_standby_names')"
        )
        if cap == "-1":
            _set(session, "max_slot_wal_keep_size", CAP)
        if self.synchronous and names != self.slot:
            _set(session, "synchronous_standby_names", self.slot)
        elif not self.synchronous and names == self.slot:  # left by one that was killed
            _reset(session, "synchronous_standby_names")

    def _asked(self) -> Session:
        if self._session is None:
            self._session = connect(self.target)
            # Our own statements must not wait for the receiver that they are about to start.
            self._session.execute("SET synchronous_commit = 'local'")
        return self._session

    def _close(self) -> None:
        if self._session is not None:
            with suppress(Unavailable):
                self._session.close()
            self._session = None


def drop_slot(target: Target, owner: str) -> bool:
    """Let the server keep no more log for a project; False where it kept none."""
    with closing(connect(target)) as session:
        name = slot_name(owner)
        session.execute("SET synchronous_commit = 'local'")
        [(names,)] = session.fetch("SELECT current_setting('synchronous_standby_names')")
        if target.embedded and names == name:
            _reset(session, "synchronous_standby_names")
        found = session.fetch(
            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots "
            "WHERE slot_name = $1",
            name,
        )
        return bool(found)


def _set(session: Session, name: str, value: str) -> None:
    session.execute(f"ALTER SYSTEM SET {name} = {literal(value)}")
    session.fetch("SELECT pg_catalog.pg_reload_conf()")


def _reset(session: Session, name: str) -> None:
    session.execute(f"ALTER SYSTEM RESET {name}")
    session.fetch("SELECT pg_catalog.pg_reload_conf()")
