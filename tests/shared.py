"""Material that lies beside the checkout and is no part of the project; tests that want it skip where it is absent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared"
CASES = Path(os.environ.get("DBDEED_CASES") or SHARED / "cases")
"""The folder of the public tools' cases: `postgresql.json`, `sqlite.json`."""

TEMPLATE = SHARED / "seed" / "DATABASE-template.md"
NO_CASES = "the public tools' cases are not here; DBDEED_CASES names their folder"


def cases(name: str) -> list[dict[str, Any]]:
    """The pairs of schemas of one engine; empty where they are not here."""
    file = CASES / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))["cases"] if file.exists() else []
