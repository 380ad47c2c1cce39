"""The file that a person sends us when the fault is ours."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from pathlib import Path


def write_report(command: str, error: BaseException) -> str:
    """Write the traceback without any local values (they may hold secrets); gives the file's path.

    The text of the exceptions is left out as well unless it is one of ours: a driver's may quote a URL.
    """
    from dbdeed import __version__
    from dbdeed.errors import DbdeedError

    lines = [
        f"dbdeed {__version__}, command {command}",
        f"Python {platform.python_version()} on {platform.platform()}",
        "",
    ]
    chain: BaseException | None = error
    while chain is not None:
        lines += [one.rstrip() for one in traceback.format_tb(chain.__traceback__)]
        text = f": {chain}" if isinstance(chain, DbdeedError) else ""
        lines += [f"{type(chain).__module__}.{type(chain).__qualname__}{text}", ""]
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    try:
        folder = Path(".dbdeed") if Path(".dbdeed").is_dir() else Path(tempfile.gettempdir())
        with tempfile.NamedTemporaryFile(
            "w", dir=folder, prefix="fault-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write("\n".join(lines))
    except OSError:
        print("\n".join(lines), file=sys.stderr)
        return "the lines above"
    return file.name
