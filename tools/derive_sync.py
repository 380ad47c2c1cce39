# ruff: noqa: INP001 - a script, not a package
"""Writes `src/dbdeed/access/sync/` from `src/dbdeed/access/`.

python tools/derive_sync.py           write
python tools/derive_sync.py --check   exit 1 where a file is not what it would be
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from dbdeed.codegen.unasync import to_sync

ACCESS = Path(__file__).resolve().parent.parent / "src" / "dbdeed" / "access"
# In order of who imports whom.
DERIVED = (
    "connection",
    "session",
    "bulk",
    "lock",
    "pool",
    "routing",
    "transaction",
    "postgresql_wire",
    "postgresql_talk",
    "postgresql_calls",
    "postgresql_bulk",
    "postgresql",
    "sqlite",
    "observed",
    "database",
)
# These have twins that are written by hand: how one waits differs.
TWINS = ("waiting", "sockets", "sqlite_worker")
_MODULES = re.compile(rf"\bdbdeed\.access\.({'|'.join((*DERIVED, *TWINS))})\b")


def derived(name: str) -> str:
    """What `sync/NAME.py` must hold."""
    source = _MODULES.sub(r"dbdeed.access.sync.\1", (ACCESS / f"{name}.py").read_text())
    mark = f"# Derived from dbdeed/access/{name}.py by tools/derive_sync.py: change that one, then run it.\n"
    return _formatted(mark + to_sync(source), ACCESS / "sync" / f"{name}.py")


def _formatted(text: str, path: Path) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        run = subprocess.run(
            [ruff, *command, "--stdin-filename", path, "-"],
            input=text,
            text=True,
            capture_output=True,
            check=True,
        )
        text = run.stdout
    return text


def main() -> int:
    different = [name for name in DERIVED if not _same(name)]
    for name in different:
        print(
            f"sync/{name}.py differs from its source" if "--check" in sys.argv else f"sync/{name}.py written"
        )
        if "--check" not in sys.argv:
            (ACCESS / "sync" / f"{name}.py").write_text(derived(name))
    return 1 if different and "--check" in sys.argv else 0


def _same(name: str) -> bool:
    target = ACCESS / "sync" / f"{name}.py"
    return target.exists() and target.read_text() == derived(name)


if __name__ == "__main__":
    sys.exit(main())
