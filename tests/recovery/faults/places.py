"""A small database with backups in each kind of place, and what must hold of them whatever happened."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from tests.app.test_backup import DOCUMENT, Project
from tests.recovery.faults.killing import kill_after

from dbdeed.app.backup import list_backups, run_backup, verify_backups
from dbdeed.app.drill import run_drill
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.vault import open_vault
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.recovery.gateway import Gateway

    from dbdeed.recovery.manifest import Manifest

KEY = "ab" * 32
KINDS = ("folder", "sealed", "s3")
ROWS = 3_000


class Place:
    """A project whose backups go to one kind of place.

    Args:
        kind: "folder", "sealed" (a folder) or "s3" (sealed).
        folder: for everything; its name is the prefix in the bucket.
        gateway: the S3 server of the third kind.
        like: another of this kind, of which it is a copy, backups and all.

    Attributes:
        made: ids of the backups that `back_up` took, in order.
    """

    def __init__(
        self, kind: str, folder: Path, gateway: Gateway | None = None, like: Place | None = None
    ) -> None:
        self.kind, self.gateway = kind, gateway
        self.bucket = gateway.folder / "bucket" if gateway is not None else None
        self.prefix = "".join(letter if letter.isalnum() else "-" for letter in folder.name)
        lines = "- **Destination**: `STORE`\n" + (
            "" if kind == "folder" else "- **Encryption**: `BACKUP_KEY`\n"
        )
        text = DOCUMENT.replace("- **Retention**", f"{lines}- **Retention**")
        folder.mkdir(exist_ok=True)
        self.project = Project(folder, text)
        self.document = self.project.document
        self.store = self.bucket / self.prefix if self.bucket is not None else folder / "store"
        self.environment = {
            **os.environ,
            **(gateway.environment if gateway is not None else {}),
            **self.project.environment,
            "STORE": f"s3://bucket/{self.prefix}" if kind == "s3" else str(self.store),
            "BACKUP_KEY": KEY,
        }
        self.made: list[str] = list(like.made) if like is not None else []
        if like is not None:
            shutil.copytree(like.project.folder, folder, dirs_exist_ok=True)
            if self.bucket is not None:  # what the gateway knows of an object goes with the file
                shutil.copytree(like.store, self.store)
            return
        with closing(sqlite3.connect(self.project.file)) as live, live:
            live.executemany(
                "INSERT INTO notes (text) VALUES (?)", ((f"{number:x}" * 40,) for number in range(ROWS))
            )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "dbdeed", *arguments],
            cwd=self.project.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def killed(self, after: float, *arguments: str) -> None:
        """Start a command, and end it without a word once it has used so many seconds of a processor."""
        kill_after(self.start(*arguments), after)
        self.a_minute_passes()

    def a_minute_passes(self) -> None:
        """What a killed run held in an object store runs out, as it would."""
        if self.bucket is not None:
            for one in self.bucket.rglob("leases/**/*"):
                if one.is_file():
                    os.utime(one, (time.time() - 300,) * 2)

    def back_up(self) -> Manifest:
        [manifest] = run_backup(self.document, environment=self.environment).made
        self.made.append(manifest.id)
        return manifest

    def ids(self) -> list[str]:
        found = list_backups(self.document, environment=self.environment)
        assert not found.damaged
        return [one.backup.id for one in found.backups]

    def proven(self) -> str:
        """The newest backup that a drill found right; "" for none."""
        project = open_project(self.document)
        listing = open_vault(project, read_architecture(project), self.environment).listing()
        proofs = [one for one in listing.proofs if (one.kind, one.verdict) == ("drill", Verdict.PROVEN)]
        there = {one.id for one in listing.backups}
        return max((one.backup for one in proofs if one.backup in there), default="")

    def drilled(self, backup: str = "") -> Verdict:
        return run_drill(self.document, backup=backup, environment=self.environment).proof.verdict

    def verified(self) -> list[Verdict]:
        return [one.verdict for one in verify_backups(self.document, environment=self.environment)]

    def files(self) -> list[Path]:
        """Every file of the store but locks, oldest name first."""
        return sorted(
            one
            for one in self.store.rglob("*")
            if one.is_file() and not {"lock", "leases", "readers", ".gitignore"} & {one.name, *one.parts}
        )

    def require_clean(self) -> None:
        """Nothing half-made is left in the store or on the way to it."""
        ids = set(self.ids())
        if self.kind == "folder":
            there = {one.name for one in self.store.iterdir() if "-" in one.name}
        else:
            there = {one.name for one in (self.store / "packed").iterdir() if any(one.rglob("*.sealed"))}
            spool = self.project.folder / ".dbdeed" / "spool"
            assert not [one for one in spool.iterdir() if one.name != "read"]
        assert there == ids
        left = [one for one in self.store.rglob("*") if one.name.startswith((".partial", ".trash"))]
        assert not [one for one in left if one.parent.name not in ("proofs", "keys")]  # these go by their age

    def require_sound(self) -> None:
        """All that is listed is whole, the next run works and cleans up, and what it made is proven."""
        for verdict in self.verified():
            assert verdict is Verdict.PROVEN
        made = self.back_up()
        assert made.id in self.ids()
        self.require_clean()
        assert self.drilled() is Verdict.PROVEN

    def writing(self) -> None:
        """One run that only cleans up."""
        project = open_project(self.document)
        with open_vault(project, read_architecture(project), self.environment).store.writing():
            pass
