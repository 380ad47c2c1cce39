"""A project that a tool's own command line runs beside ours."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class ToolProject:
    """Its environment holds where the database is; other settings are those of the project's own files."""

    root: Path
    program: Path
    environment: dict[str, str] = field(default_factory=dict)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start it; what it says comes through one pipe."""
        return subprocess.Popen(
            [self.program, *words],
            cwd=self.root,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.program, *words],
            cwd=self.root,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def ask(self, *words: str) -> str:
        """Its words. Fails the test where the command does."""
        code, said = self._run(*words)
        assert code == 0, said
        return said

    def refuses(self, *words: str) -> str:
        code, said = self._run(*words)
        assert code != 0, said
        return said
