"""`dbdeed check`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dbdeed.cli.options import DEFAULT_DOCUMENT, Document, Quiet, new_app

if TYPE_CHECKING:
    from dbdeed.app.check import CheckResult

app = new_app()


class FindingsFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


@app.command()
def check(
    document: Document = DEFAULT_DOCUMENT,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the fixes that findings carry.")] = False,
    engine: Annotated[
        bool, typer.Option("--engine", help="Let the engine read the SQL, in a scratch database.")
    ] = False,
    format_: Annotated[
        FindingsFormat,
        typer.Option(
            "--format", help="text for people, json, sarif for code scanning, github for annotations."
        ),
    ] = FindingsFormat.TEXT,
    quiet: Quiet = False,
) -> None:
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
    raise typer.Exit(0 if result.ok else 1)


def _shown(result: CheckResult, format_: FindingsFormat) -> str:
    from dbdeed.app import findings_output as output
    from dbdeed.cli.output import colours

    if format_ is FindingsFormat.JSON:
        from dbdeed.cli.output import json_object

        fixed = [output.finding_object(one) for one in result.fixed]
        return json_object(
            "check", ok=result.ok, findings=result.findings, not_checked=list(result.not_checked), fixed=fixed
        )
    if format_ is FindingsFormat.SARIF:
        return output.findings_sarif(result.findings)
    if format_ is FindingsFormat.GITHUB:
        return output.findings_github(result.findings)
    fixed_lines = "".join(f"Fixed: {output.finding_text(one)}\n" for one in result.fixed)
    return fixed_lines + output.findings_text(result.findings, result.not_checked, colour=colours(sys.stdout))
