"""The command that opens a database for a person."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from dbdeed.engines.seam import Target

_SECRETS = frozenset({"password", "sslpassword"})


def client(target: Target) -> str:
    """`psql URL`, without any password: libpq takes one from PGPASSWORD or the passfile."""
    return f"{_psql()} {shlex.quote(_without_password(target.url))}"


def _psql() -> str:
    """What a shell finds, else the one that comes with the embedded server."""
    if shutil.which("psql"):
        return "psql"
    from dbdeed.engines.postgresql.servers.programs import find
    from dbdeed.errors import Unavailable

    try:
        return shlex.quote(str(find(None).path("psql")))
    except Unavailable:
        return "psql"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    options = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key not in _SECRETS])
    # urlunsplit would drop the empty host of a URL that names a socket's folder.
    query = f"?{options}" if options else ""
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}{query}"
