"""`dbdeed check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.check import CheckResult


@click.command()
@options.document
@click.option("--fix", is_flag=True, help="Apply the fixes that findings carry.")
@click.option("--engine", is_flag=True, help="Let the engine read the SQL, in a scratch database.")
@options.formats(
    "text",
    "json",
    "sarif",
    "github",
    help_="text for people, json, sarif for code scanning, github for annotations.",
)
@options.quiet
def command(document: Path, fix: bool, engine: bool, format_: str, quiet: bool) -> None:
    """Say what in the document is wrong, missing or contradicts itself.

    Checks without a database, and with what the engine has already said of this very SQL; what could not be
    known is listed as not checked. Exit code 1 where there is an error; warnings never stop anything.

    Examples:
        dbdeed check
        dbdeed check --engine
        dbdeed check --fix
        dbdeed check --format sarif > findings.sarif
    """
    from dbdeed.app.check import check as run
    from dbdeed.cli.progress import open_progress

    result = run(document, fix=fix, engine=engine, progress=open_progress(quiet=quiet))
    print(_shown(result, format_))
    raise SystemExit(0 if result.ok else 1)


def _shown(result: CheckResult, format_: str) -> str:
    from dbdeed.app import findings_output as output
    from dbdeed.cli.output import colours

    if format_ == "json":
        from dbdeed.cli.output import json_object

        fixed = [output.finding_object(one) for one in result.fixed]
        return json_object(
            "check", ok=result.ok, findings=result.findings, not_checked=list(result.not_checked), fixed=fixed
        )
    if format_ == "sarif":
        return output.findings_sarif(result.findings)
    if format_ == "github":
        return output.findings_github(result.findings)
    fixed_lines = "".join(f"Fixed: {output.finding_text(one)}\n" for one in result.fixed)
    return fixed_lines + output.findings_text(result.findings, result.not_checked, colour=colours(sys.stdout))
