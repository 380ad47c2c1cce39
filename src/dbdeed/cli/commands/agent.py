"""`dbdeed agent run|install|export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from datetime import timedelta


@click.group()
def command() -> None:
    """Run the document's schedule of backups and drills.

    All the time, or where a timer calls it: backups when Frequency has them due, pruning after each, every
    file read once a day, a drill once a week; the receiver of continuous archiving and the ledger always.

    Examples:
        dbdeed agent run --once
        dbdeed agent install --print
        dbdeed agent export cron
    """


@command.command("run")
@options.document
@options.database
@click.option("--once", is_flag=True, help="Run what is due now, once, and end: for cron and timers.")
@click.option(
    "--listen",
    default="127.0.0.1:9420",
    show_default=True,
    metavar="ADDRESS:PORT|none",
    help="Where /health and /metrics are, for this machine alone.",
)
@click.option(
    "--verify-every", default="1 day", show_default=True, metavar="DURATION|never", help="How often."
)
@click.option(
    "--drill-every", default="7 days", show_default=True, metavar="DURATION|never", help="How often."
)
@click.option("--ledger/--no-ledger", default=True, help="Keep the ledger of what was acknowledged.")
@options.formats("text", "json")
def run_(
    document: Path,
    database: str,
    once: bool,
    listen: str,
    verify_every: str,
    drill_every: str,
    ledger: bool,
    format_: str,
) -> None:
    """Run until ended by Ctrl-C or SIGTERM; what was missed meanwhile is made up for, once.

    One agent a project. What goes wrong is tried again, with growing pauses, and shown by /health and
    /metrics. With --once the exit code is the worst of what ran.

    Examples:
        dbdeed agent run
        dbdeed agent run --once
        dbdeed agent run --drill-every "1 day" --listen 127.0.0.1:9421
    """
    from dbdeed.app.agent import Wishes, run_agent
    from dbdeed.app.agent_http import parse_listen
    from dbdeed.cli.stopping import until_told

    address = None if once else parse_listen(listen)
    wishes = Wishes(
        database, _duration(verify_every, "--verify-every"), _duration(drill_every, "--drill-every"), ledger
    )
    with until_told() as stopped:
        code = run_agent(
            document, stopped=stopped, told=_line(format_), wishes=wishes, once=once, listen=address
        )
    raise SystemExit(code)


@command.command("install")
@options.document
@click.option("--system", is_flag=True, help="For the machine, in /etc/systemd/system; else for yourself.")
@click.option("--timer", is_flag=True, help="A timer that runs what is due, in place of a service.")
@click.option("--print", "only_print", is_flag=True, help="Write nothing; only show it.")
def install(document: Path, system: bool, timer: bool, only_print: bool) -> None:
    """Write a systemd unit for the agent, and say which commands start it.

    Secrets stay out of it: it names a file of your own that sets them.

    Examples:
        dbdeed agent install --print
        dbdeed agent install --system
    """
    from dbdeed.app.agent_units import install_agent

    result = install_agent(document, system=system, timer=timer, write=not only_print)
    for unit in result.units:
        print(f"# {unit.path}\n{unit.text}" if only_print else f"Written: {unit.path}")
    lead = "# " if only_print else ""
    print(f"{lead}Set {', '.join(result.variables)} in {result.environment_file}, chmod 600. Then:")
    for one in result.commands:
        print(f"{lead}  {one}")


@command.command("export")
@click.argument("kind", type=click.Choice(["cron", "kubernetes"]))
@options.document
@click.option("--image", default="dbdeed:latest", show_default=True, help="The container's image.")
def export(kind: str, document: Path, image: str) -> None:
    """Print a crontab line or a Kubernetes CronJob that runs what is due.

    It is called every few minutes; the document says when backups are due.

    Examples:
        dbdeed agent export cron
        dbdeed agent export kubernetes --image registry.example.com/dbdeed:1
    """
    from dbdeed.app.agent_units import crontab, kubernetes

    print(crontab(document) if kind == "cron" else kubernetes(document, image=image), end="")


def _duration(text: str, option: str) -> timedelta | None:
    from dbdeed.document.values.duration import parse_duration
    from dbdeed.document.values.problem import Problem

    if text.strip().lower() == "never":
        return None
    length = parse_duration(text)
    if isinstance(length, Problem) or not length:
        raise click.BadParameter(f"{text!r} is not a duration such as `1 day`, nor never.", param_hint=option)
    return length


class _line:  # noqa: N801 - reads as a function
    """Prints what happened, with the time."""

    def __init__(self, format_: str) -> None:
        self._format = format_

    def __call__(self, text: str) -> None:
        from datetime import UTC, datetime

        from dbdeed.cli.output import json_object

        now = datetime.now(UTC)
        if self._format == "json":
            print(json_object("agent run", ok=True, at=now, event=text), flush=True)
        else:
            print(f"{now:%Y-%m-%d %H:%M:%S}Z  {text}", flush=True)
