"""The migration tools that run beside ours in tests; `tools/peers.py` fetches them."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = Path(__file__).resolve().parents[2] / ".cache" / "tools"
JAVA = TOOLS / "java"


@dataclass
class Said:
    """An answer: whether the tool was content, and its words."""

    ok: bool
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def __bool__(self) -> bool:
        return self.ok


class JavaPeer:
    """Flyway and Liquibase behind one standing Java process (`tools/peers/Peer.java`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, *words: str) -> None:
        """Ask without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Said:
        assert self._process.stdout is not None
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith("= "):
                return Said(line.strip() == "= ok", lines)
            lines.append(line.rstrip("\n"))
        raise AssertionError("The Java tools ended: " + "\n".join(lines))

    def ask(self, *words: str) -> Said:
        self.begin(*words)
        return self.answer()


@contextmanager
def java_peer(log: Path) -> Iterator[JavaPeer]:
    """Start it; the test that wants it is skipped where it is absent."""
    if shutil.which("java") is None or not (JAVA / "Peer.class").exists():
        pytest.skip("Flyway and Liquibase are not here; `tools/peers.py java` fetches them")
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JAVA}:{JAVA}/lib/*", "Peer"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=log.parent
        ) as process,
    ):
        try:
            yield JavaPeer(process)
        finally:
            process.kill()
