# ruff: noqa: INP001 - a script, not a package
"""Fetch the migration tools that the tests run beside ours, each by its own packages' client.

python tools/peers.py        all of them
python tools/peers.py java   Flyway and Liquibase, from Maven Central
python tools/peers.py flyway Flyway's command line, from there as well
python tools/peers.py node   Knex with its drivers, from npm (libsql stands in for better-sqlite3, whose
                             interface it has and which would have to be compiled)

They land in `.cache/tools`; tests skip what is not there, by its name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".cache" / "tools"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def java() -> None:
    """Jars of Flyway and Liquibase, and the class that asks them."""
    source, place = ROOT / "tools" / "peers", TOOLS / "java"
    _jars(source / "pom.xml", place)
    _run("javac", "-nowarn", "-cp", f"{place / 'lib'}/*", "-d", str(place), str(source / "Peer.java"))


def flyway() -> None:
    """The jars of Flyway's own command line."""
    _jars(ROOT / "tools" / "peers" / "flyway.xml", TOOLS / "flyway")


def _jars(wanted: Path, place: Path) -> None:
    """What a project of Maven's names, in `place`/lib; what is there already is not asked for again."""
    text, done = wanted.read_text(encoding="utf-8"), place / "pom.xml"
    if done.exists() and done.read_text(encoding="utf-8") == text:
        return
    shutil.rmtree(place, ignore_errors=True)
    copy = [f"{PLUGIN}:copy-dependencies", f"-DoutputDirectory={place / 'lib'}", "-DincludeScope=runtime"]
    _run("mvn", "-q", "-B", "-ntp", "-f", str(wanted), *copy)
    done.write_text(text, encoding="utf-8")


def node() -> None:
    """Knex, the drivers that it takes, and a compiler of TypeScript."""
    source, place = ROOT / "tools" / "peers" / "package.json", TOOLS / "node"
    wanted, done = source.read_text(encoding="utf-8"), place / ".installed"
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    place.mkdir(parents=True, exist_ok=True)
    (place / "package.json").write_text(wanted, encoding="utf-8")
    _run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(place))
    done.write_text(wanted, encoding="utf-8")


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is not installed; the tests that need it are skipped.")
    if code := subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{command[0]} ended with {code}; the tests that need it are skipped.")


PEERS = {"java": java, "flyway": flyway, "node": node}


def main(names: list[str]) -> None:
    """Fetch those named, or all; one that fails does not keep the others from coming."""
    failed = []
    for name in names or PEERS:
        try:
            PEERS[name]()
        except SystemExit as error:
            failed.append(str(error))
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
