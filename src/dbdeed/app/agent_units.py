"""The agent as a systemd service, a crontab or a Kubernetes CronJob.

None of these files holds a secret: they name the variables that must be set, and where.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.database import variable_of
from dbdeed.app.files import write_text
from dbdeed.app.project import open_project, read_architecture
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture

EVERY_MINUTES = 15
"""How often `agent run --once` is called where nothing runs all the time; what is due is its own business."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A file to write, and the commands that make it count."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Installed:
    """What is to be written or was.

    Attributes:
        units: the files.
        commands: what a person runs next.
        variables: names that the environment file must set.
        environment_file: where they are set, by a person, readable by nobody else.
    """

    units: tuple[Unit, ...]
    commands: tuple[str, ...]
    variables: tuple[str, ...]
    environment_file: Path


def install_agent(
    document: Path, *, system: bool = False, timer: bool = False, write: bool = True
) -> Installed:
    """The systemd unit of a document's agent.

    Args:
        document: the path of DATABASE.md.
        system: for the whole machine, run as the calling user; else for the user's own manager.
        timer: a timer that runs what is due, in place of a service that runs all the time.
        write: write the files; else only say what would be.

    Raises:
        InvalidInput: a document without a schedule.
        Unavailable: the folder cannot be written.
    """
    project, architecture = _read(document)
    name = f"dbdeed-agent-{_slug(project)}"
    home = Path.home()
    folder = Path("/etc/systemd/system") if system else home / ".config" / "systemd" / "user"
    secrets = (Path("/etc/dbdeed") if system else home / ".config" / "dbdeed") / f"{_slug(project)}.env"
    service = _service(project, document, secrets, system=system, once=timer)
    units = [Unit(folder / f"{name}.service", service)]
    if timer:
        units.append(Unit(folder / f"{name}.timer", _timer(project)))
    if write:
        for unit in units:
            write_text(unit.path, unit.text)
    control = "systemctl" if system else "systemctl --user"
    what = f"{name}.{'timer' if timer else 'service'}"
    return Installed(
        tuple(units),
        (f"{control} daemon-reload", f"{control} enable --now {what}"),
        variables(architecture),
        secrets,
    )


def crontab(document: Path) -> str:
    """A line for a crontab."""
    project, architecture = _read(document)
    names = variables(architecture)
    lines = [f"# The backups of {_plain(str(project.document.resolve()))}, as it says when."]
    if names:
        lines.append(f"# The crontab or its environment must set {', '.join(names)}.")
    command = shlex.join([*_program(), "agent", "run", "--once", str(project.document.resolve())])
    command = command.replace("%", "\\%")  # a bare one ends the command
    lines.append(f"*/{EVERY_MINUTES} * * * * {command}")
    return "\n".join(lines) + "\n"


def kubernetes(document: Path, *, image: str) -> str:
    """A CronJob; its secret values come from a Secret that a person makes."""
    project, architecture = _read(document)
    name = f"dbdeed-{_slug(project)}"[:52].rstrip("-")
    lines = [
        "apiVersion: batch/v1",
        "kind: CronJob",
        "metadata:",
        f"  name: {name}",
        "spec:",
        f'  schedule: "*/{EVERY_MINUTES} * * * *"',
        "  concurrencyPolicy: Forbid",
        "  jobTemplate:",
        "    spec:",
        "      backoffLimit: 0",
        "      template:",
        "        spec:",
        "          restartPolicy: Never",
        "          containers:",
        "            - name: dbdeed",
        f"              image: {json.dumps(image)}",
        '              args: ["dbdeed", "agent", "run", "--once", "/project/DATABASE.md"]',
    ]
    names = variables(architecture)
    if names:
        lines.append("              env:")
    for one in names:
        lines += [
            f"                - name: {one}",
            "                  valueFrom:",
            f"                    secretKeyRef: {{name: {name}, key: {one}}}",
        ]
    lines += [
        "              volumeMounts:",
        "                - {name: project, mountPath: /project}",
        "          volumes:",
        "            - name: project",
        f"              persistentVolumeClaim: {{claimName: {name}}}",
    ]
    return "\n".join(lines) + "\n"


def variables(architecture: Architecture) -> tuple[str, ...]:
    """The environment variables that a document names and the agent needs."""
    recovery = architecture.recovery
    names = [variable_of(architecture)]
    destination, encryption = recovery.destination.value, recovery.encryption.value
    if destination is not None and destination.env is not None:
        names.append(destination.env.name)
    if encryption is not None and encryption.key is not None:
        names.append(encryption.key.name)
    return tuple(dict.fromkeys(names))


def _read(document: Path) -> tuple[Project, Architecture]:
    from dbdeed.app.agent import Wishes, jobs_of

    project = open_project(document)
    architecture = read_architecture(project)
    jobs_of(architecture, document, Wishes())
    return project, architecture


def _service(project: Project, document: Path, secrets: Path, *, system: bool, once: bool) -> str:
    command = [*_program(), "agent", "run", *(["--once"] if once else []), str(document.resolve())]
    lines = [
        "[Unit]",
        f"Description=Backups and drills of {_escaped(_plain(project.root.name))}, by its DATABASE.md",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        f"Type={'oneshot' if once else 'exec'}",
        f"WorkingDirectory={_escaped(str(project.root))}",
        "# Secrets are set there, one NAME=value a line, by you; chmod 600.",
        f"EnvironmentFile=-{_escaped(str(secrets))}",
        f"ExecStart={' '.join(_quoted(word) for word in command)}",
        "KillMode=mixed",
        "TimeoutStopSec=90",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "PrivateTmp=no",
    ]
    if not once:
        lines += ["Restart=on-failure", "RestartSec=10"]
    if system:
        lines.append(f"User={getpass.getuser()}")
    if not once:
        target = "multi-user.target" if system else "default.target"
        lines += ["", "[Install]", f"WantedBy={target}"]
    return "\n".join(lines) + "\n"


def _timer(project: Project) -> str:
    return "\n".join(
        [
            "[Unit]",
            f"Description=Runs what is due for {_escaped(_plain(project.root.name))}",
            "",
            "[Timer]",
            f"OnCalendar=*:0/{EVERY_MINUTES}",
            "Persistent=true",
            "RandomizedDelaySec=30",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


def _program() -> list[str]:
    """How this very installation is called."""
    beside = Path(sys.executable).parent / "dbdeed"
    return [str(beside)] if os.access(beside, os.X_OK) else [sys.executable, "-m", "dbdeed"]


def _slug(project: Project) -> str:
    text = re.sub(r"[^a-z0-9]+", "-", project.root.name.lower()).strip("-")
    return text[:40].strip("-") or "project"


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _escaped(text: str) -> str:
    """A path in a unit: `%` is systemd's own."""
    if not text.isprintable():
        raise InvalidInput(f"{text!r} cannot stand in a unit file.", hint="Rename the folder.")
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'
