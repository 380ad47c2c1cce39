"""`dbdeed migrate verify|baseline|repair`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options
from dbdeed.cli.migrating.running import consent_of

if TYPE_CHECKING:
    from dbdeed.app.migrate_baseline import BaselineResult
    from dbdeed.app.migrate_repair import RepairResult
    from dbdeed.app.migrate_verify import VerifyResult


@click.command("verify")
@options.document
@options.database
@options.scratch
@options.formats("text", "json")
@options.quiet
def verify(document: Path, database: str, scratch: str, format_: str, quiet: bool) -> int:
    """Prove that the files add up to the document; made for CI.

    All files are run in a scratch database, and what comes out must be what the document describes. The files
    must be as dbdeed.sum has them. Where a database is named, its history must be that of the files.

    Exit code 0 where all of it is so, 1 where something differs.

    Examples:
        dbdeed migrate verify
        dbdeed migrate verify --database env:STAGING_URL --format json
    """
    from dbdeed.app.migrate_verify import migrate_verify
    from dbdeed.cli.progress import open_progress

    result = migrate_verify(document, database=database, scratch=scratch, progress=open_progress(quiet=quiet))
    print(_verify_object(result) if format_ == "json" else _verify_text(result))
    return 0 if result.ok else 1


def _verify_text(result: VerifyResult) -> str:
    lines = [*result.problems]
    if result.differences:
        lines += ["The files do not lead to the document:", *(f"  {one}" for one in result.differences)]
        lines.append('`dbdeed migrate new "…"` writes what is left.')
    else:
        leads = "leads" if result.count == 1 else "lead"
        lines.append(f"{result.count} {_noun(result.count)} {leads} to the document.")
    if result.database and not result.problems:
        lines.append(f"The history of {result.database} is that of the files.")
    return "\n".join(lines)


def _noun(count: int) -> str:
    return "migration" if count == 1 else "migrations"


def _verify_object(result: VerifyResult) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "migrate verify",
        ok=result.ok,
        findings=result.findings,
        tool=result.tool,
        migrations=result.count,
        database=result.database or None,
        problems=list(result.problems),
        differences=list(result.differences),
    )


@click.command("baseline")
@options.document
@click.option("--to", "version", default="", metavar="VERSION", help="What comes after it is pending.")
@options.database
@options.scratch
@options.yes
@options.formats("text", "json")
@options.quiet
def baseline(
    document: Path,
    version: str,
    database: str,
    scratch: str,
    yes: bool,
    format_: str,
    quiet: bool,
) -> int:
    """Adopt a project whose database has its migrations already; changes no file.

    The files are run in a scratch database. Where the live one is the same, the tool's history is made to say
    that it has them. Exit code 1 where something differs; then nothing is recorded.

    Examples:
        dbdeed migrate baseline
        dbdeed migrate baseline --database env:PRODUCTION_URL --to 42 --yes
    """
    from dbdeed.app.migrate_baseline import migrate_baseline
    from dbdeed.cli.progress import open_progress

    result = migrate_baseline(
        document,
        consent=consent_of(yes=yes, draft=False),
        version=version,
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_baseline_object(result) if format_ == "json" else _baseline_text(result))
    return 1 if result.differences else 0


def _baseline_text(result: BaselineResult) -> str:
    if result.differences:
        return "\n".join(
            [
                f"{result.database} is not where the files lead; nothing was recorded:",
                *(f"  {one}" for one in result.differences),
            ]
        )
    count = len(result.recorded)
    said = [f"{result.database} is where the files lead."]
    said.append(
        f"Recorded {count} {_noun(count)} in the history of {result.tool}"
        + (f", which had {result.known}." if result.known else ".")
    )
    if result.sum is not None:
        said.append(f"Wrote {result.sum.name}, to be committed with the files.")
    return "\n".join(said)


def _baseline_object(result: BaselineResult) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "migrate baseline",
        ok=not result.differences,
        tool=result.tool,
        database=result.database,
        recorded=[one.key for one in result.recorded],
        known=result.known,
        differences=list(result.differences),
        sum=str(result.sum) if result.sum is not None else None,
    )


@click.command("repair")
@options.document
@click.option("--done", default="", metavar="VERSION[:STATEMENT]", help="It did its work, up to there.")
@click.option("--again", default="", metavar="VERSION:STATEMENT", help="It has to run (again) from there.")
@click.option("--sum", "sum_", is_flag=True, help="Only write dbdeed.sum anew; no database is asked.")
@options.database
@options.yes
@options.formats("text", "json")
@options.quiet
def repair(
    document: Path,
    done: str,
    again: str,
    sum_: bool,
    database: str,
    yes: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Make the history say what you know to be so; runs no migration.

    Edited files: the history has the file's checksum. Failed ones: the history no longer says so, and `up`
    runs them. Missing ones: their rows go. With --done or --again you decide how a migration goes on that was
    stopped where nobody can tell.

    Examples:
        dbdeed migrate repair
        dbdeed migrate repair --done 20261122T101500:3
        dbdeed migrate repair --sum
    """
    from dbdeed.app.migrate_repair import RepairResult, migrate_repair, write_sums
    from dbdeed.cli.progress import open_progress

    if sum_:
        result = RepairResult("", (), write_sums(document))
    else:
        result = migrate_repair(
            document,
            consent=consent_of(yes=yes, draft=False),
            done=done,
            again=again,
            database=database,
            progress=open_progress(quiet=quiet),
        )
    print(_repair_object(result) if format_ == "json" else _repair_text(result))


def _repair_text(result: RepairResult) -> str:
    lines = [*result.done, *([f"Wrote {result.sum.name}."] if result.sum is not None else [])]
    return "\n".join(lines) or f"Nothing to repair in {result.database}."


def _repair_object(result: RepairResult) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "migrate repair",
        ok=True,
        database=result.database or None,
        done=list(result.done),
        sum=str(result.sum) if result.sum is not None else None,
    )


COMMANDS = (verify, baseline, repair)
