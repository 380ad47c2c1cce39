"""Which file a SQLite URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from dbdeed.errors import InvalidInput


def file_of(url: str) -> Path:
    """The absolute path that a URL or plain path names.

    `sqlite:///shop.db` is in the current folder, `sqlite:////srv/shop.db` is absolute, as in SQLAlchemy;
    percent escapes are read. A text without `sqlite:` is a path as it stands. Raises `InvalidInput`.
    """
    if not url.lower().startswith("sqlite:"):
        return _file(url, url)
    rest = url[len("sqlite:") :]
    if not rest.startswith("///"):
        raise InvalidInput(
            "A SQLite URL has three slashes before the file's path.",
            hint="sqlite:///shop.db is in this folder, sqlite:////srv/shop.db is absolute.",
        )
    if "?" in rest or "#" in rest:
        raise InvalidInput(
            "A SQLite URL takes no parameters here.", hint="Write only the path; spell ? as %3F and # as %23."
        )
    return _file(unquote(rest[3:]), url)


def _file(path: str, url: str) -> Path:
    if path in ("", ":memory:"):
        raise InvalidInput(f"{url or 'An empty URL'} names no file.", hint="Write sqlite:///shop.db.")
    if "\0" in path:
        raise InvalidInput("A path cannot hold a NUL character.")
    return Path(path).absolute()
