"""Writing a file whole or not at all, and only where its content changes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from dbdeed.errors import Unavailable


def write_text(path: Path, text: str) -> bool:
    """Write a text file; False where it holds that text already. Raises `Unavailable`."""
    data = text.encode()
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise Unavailable(f"The file cannot be written: {error.strerror}.", where=str(path)) from error
    return True
