"""`dbdeed backup run|list|verify|prune|rekey`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.backup import BackupList
    from dbdeed.app.prune import Pruned


@click.group()
def command() -> None:
    """Take, list, verify and prune backups, and archive the log.

    Where they go, how they are made and how long they are kept is what the document says under Backup and
    Recovery.

    Examples:
        dbdeed backup run
        dbdeed backup list
        dbdeed backup verify
        dbdeed backup prune --dry-run
    """


@command.command("run")
@options.document
@options.database
@click.option("--full", is_flag=True, help="A full backup, also where the schedule says incremental.")
@options.formats("text", "json")
@options.quiet
def run_(document: Path, database: str, full: bool, format_: str, quiet: bool) -> None:
    """Take a backup now, by each of the document's methods.

    Full or incremental, as the document's Frequency has it (PostgreSQL 17 and later). Nothing is listed until
    it is whole and on the disk.

    Examples:
        dbdeed backup run
        dbdeed backup run --full
    """
    from dbdeed.app.backup import run_backup
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = run_backup(document, database=database, full=full, progress=open_progress(quiet=quiet))
    if format_ == "json":
        made = [one.id for one in result.made]
        print(
            json_object(
                "backup run",
                ok=True,
                backups=made,
                store=result.store,
                missing=list(result.missing),
                notes=list(result.notes),
            )
        )
        return
    for one in result.made:
        kind = f"incremental on {one.needs[-1]}, " if one.needs else ""
        print(f"{result.store}/{one.id}  {kind}{_size(one.size)}, {result.database}")
    for sentence in result.notes:
        print(sentence)
    for sentence in result.missing:
        print(f"Not made: {sentence}")


@command.command("receive")
@options.document
@options.database
@click.option(
    "--synchronous/--no-synchronous",
    default=None,
    help="Whether commits wait until the receiver has them on its disk. Without it, they do where the "
    "document's RPO is none. Nothing acknowledged is lost then, and writes take longer.",
)
@click.option("--forget", is_flag=True, help="Receive no more: the server need not keep its log for us.")
@options.formats("text", "json")
def receive(document: Path, database: str, synchronous: bool | None, forget: bool, format_: str) -> None:
    """Archive the log continuously, until stopped (PostgreSQL).

    What is received goes to the store at once, and the file under way every few seconds, so that any moment
    up to then can be restored. A base backup is taken where there is none to begin from. Stop it with Ctrl-C
    or SIGTERM; while it is away the server keeps the log for it, up to its max_slot_wal_keep_size.

    Examples:
        dbdeed backup receive
        dbdeed backup receive --synchronous
        dbdeed backup receive --forget
    """
    from dbdeed.app.receive import COST, forget_receiver
    from dbdeed.cli.output import json_object
    from dbdeed.cli.receiving import run

    if forget:
        kept = forget_receiver(document, database=database)
        if format_ == "json":
            print(json_object("backup receive", ok=True, forgotten=kept))
        else:
            print("The server keeps its log for us no more." if kept else "The server kept no log for us.")
        return
    receipt = run(document, database=database, synchronous=synchronous, format_=format_, cost=COST)
    raise SystemExit(1 if receipt.health.problem else 0)


@command.command("list")
@options.document
@options.formats("text", "json")
def list_(document: Path, format_: str) -> None:
    """List the backups, newest first, what the archived log leads to, and when the next is due.

    Example:
        dbdeed backup list
    """
    from dbdeed.app.backup import list_backups
    from dbdeed.cli.output import json_object

    result = list_backups(document)
    if format_ == "json":
        entries = [
            {
                "id": one.backup.id,
                "method": one.backup.method,
                "consistent_at": one.backup.consistent_at,
                "size": one.backup.size,
                "needs": list(one.backup.needs),
                "proof": one.proof.verdict.value if one.proof else None,
            }
            for one in result.backups
        ]
        damaged = dict(result.damaged)
        print(
            json_object(
                "backup list",
                ok=not damaged,
                backups=entries,
                damaged=damaged,
                due=result.due,
                restorable=[
                    {"since": one.since, "until": one.until, "first": one.reach.start, "last": one.reach.end}
                    for one in result.spans
                ],
                gaps=list(result.gaps),
            )
        )
    else:
        print(_listed(result))
    raise SystemExit(1 if result.damaged else 0)


def _listed(result: BackupList) -> str:
    lines = [
        f"{one.backup.id}  {_size(one.backup.size):>9}  {one.proof.verdict if one.proof else 'not drilled'}"
        f"{f', builds on {one.backup.needs[-1]}' if one.backup.needs else ''}"
        for one in result.backups
    ] or [f"No backups in {result.store}."]
    lines += [f"Damaged: {name}: {why}" for name, why in result.damaged.items()]
    lines += [f"Every moment can be restored from {one.said}" for one in result.spans]
    lines += result.gaps
    if result.due is not None:
        lines.append(f"Next due: {result.due:%Y-%m-%d %H:%M} UTC")
    return "\n".join(lines)


@command.command("verify")
@options.document
@click.option("--backup", default="", metavar="ID", help="Only this one.")
@options.formats("text", "json")
@options.quiet
def verify(document: Path, backup: str, format_: str, quiet: bool) -> None:
    """Read every file of every backup and hold it against what was written.

    Finds flipped bytes, missing and truncated files. What it cannot know is whether a backup can be restored:
    that is what `dbdeed drill` proves. Exit code 1 where one is not sound.

    Example:
        dbdeed backup verify
    """
    from dbdeed.app.backup import verify_backups
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress
    from dbdeed.cli.proofs import proof_object, proof_text
    from dbdeed.recovery.manifest import Verdict

    proofs = verify_backups(document, backup=backup, progress=open_progress(quiet=quiet))
    ok = all(one.verdict is Verdict.PROVEN for one in proofs)
    if format_ == "json":
        print(json_object("backup verify", ok=ok, proofs=[proof_object(one) for one in proofs]))
    else:
        print("\n".join(map(proof_text, proofs)) if proofs else "There is no backup to verify.")
    raise SystemExit(0 if ok else 1)


@command.command("prune")
@options.document
@click.option("--dry-run", is_flag=True, help="Only say what is kept, and why.")
@options.formats("text", "json")
@options.quiet
def prune(document: Path, dry_run: bool, format_: str, quiet: bool) -> None:
    """Delete the backups that the document's Retention no longer keeps.

    The newest backup and the newest proven one are always kept, and so is all that a kept one needs: its
    chain, and the archived log from the oldest one on.

    Examples:
        dbdeed backup prune --dry-run
        dbdeed backup prune
    """
    from dbdeed.app.prune import prune_backups
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = prune_backups(document, dry_run=dry_run, progress=open_progress(quiet=quiet))
    if format_ == "json":
        decided = [{"id": one.id, "kept_for": list(one.reasons)} for one in result.decisions]
        print(
            json_object(
                "backup prune",
                ok=True,
                decisions=decided,
                removed=list(result.removed),
                busy=list(result.busy),
                log=[
                    {
                        "system": one.system,
                        "since": one.since,
                        "needed_by": one.needed_by,
                        "files": one.files,
                        "size": one.size,
                    }
                    for one in result.log
                ],
                log_kept=result.log_kept,
            )
        )
    else:
        print(_pruned(result, dry_run=dry_run))


@command.command("fetch")
@options.document
@options.backup
@click.option(
    "--method", default="", metavar="NAME", help="The newest of this method: physical, logical, online."
)
@click.option(
    "--into",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Not there yet, or empty.",
)
@options.quiet
def fetch(document: Path, backup: str, method: str, into: Path, quiet: bool) -> None:
    """Write a backup to a folder as its method made it, and print the folder.

    Unsealed, decompressed and, where it is an increment, put together with what it builds on: what the
    engine's own tools restore from. The Procedure begins with it where a store is no plain folder.

    Example:
        dbdeed backup fetch --into fetched
    """
    from dbdeed.app.fetch import fetch_backup
    from dbdeed.cli.progress import open_progress

    fetch_backup(document, into, backup=backup, method=method, progress=open_progress(quiet=quiet))
    print(into.absolute())


@command.command("rekey")
@options.document
@options.formats("text", "json")
def rekey(document: Path, format_: str) -> None:
    """Wrap the keys of all sealed backups with the key that the environment now holds.

    No backup is read or written. To change the key, put the new one into the variable that the document's
    Encryption names, and the former one into the same name with _OLD behind it; afterwards the former one is
    no longer needed.

    Example:
        dbdeed backup rekey
    """
    from dbdeed.app.rekey import rekey_backups
    from dbdeed.cli.output import json_object

    count = rekey_backups(document)
    if format_ == "json":
        print(json_object("backup rekey", ok=True, rewrapped=count))
    else:
        print(f"{count} {'key is' if count == 1 else 'keys are'} wrapped anew.")


def _pruned(result: Pruned, *, dry_run: bool) -> str:
    goes = "would be removed" if dry_run else "removed"
    lines = [
        f"{one.id}  {'kept: ' + ', '.join(one.reasons) if one.reasons else goes}" for one in result.decisions
    ]
    lines += [f"{one}  is being read, and stays until the next run" for one in result.busy]
    lines += [
        f"Log of {one.system}: kept from {one.since}, where {one.needed_by} begins; "
        f"{one.files} earlier files ({_size(one.size)}) {goes}"
        for one in result.log
    ]
    lines += [result.log_kept] if result.log_kept else []
    return "\n".join(lines) if lines else "There are no backups."


def _size(size: int) -> str:
    """Bytes for people: `7.2 MB`; units of a thousand."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
