"""A database as Java's drivers are told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from dbdeed.engines.seam import Target

_PASSED = {
    "sslmode": "sslmode",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslrootcert": "sslrootcert",
    "connect_timeout": "connectTimeout",
    "application_name": "ApplicationName",
    "options": "options",
}
"""Parameters of libpq's URLs, and what the driver calls them."""


@dataclass(frozen=True, slots=True)
class Jdbc:
    """A database's address, with user and password apart; "" where there is none."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def hidden(self, text: str) -> str:
        """A text without the password."""
        return text.replace(self.password, "***") if self.password else text


def jdbc_of(target: Target) -> Jdbc:
    """The JDBC address of a database. Raises `Unavailable` for one that Java's driver cannot reach."""
    parts = urlsplit(target.url)
    if parts.scheme.startswith("sqlite") or parts.scheme in ("", "file"):
        return Jdbc(f"jdbc:sqlite:{_file(target.url)}")
    query = dict(parse_qsl(parts.query))
    hosts = query.get("host") or parts.netloc.rpartition("@")[2]
    if not hosts or hosts.startswith(("/", "%2F", "@")):
        raise Unavailable(
            f"Java's driver cannot reach {target.label}, which is behind a Unix socket.",
            hint="Give a URL with host and port.",
            code="migration-foreign",
        )
    if query.get("host") and query.get("port"):
        hosts = f"{hosts}:{query['port']}"
    name = query.get("dbname") or unquote(parts.path.removeprefix("/"))
    passed = {_PASSED[key]: value for key, value in query.items() if key in _PASSED}
    url = f"jdbc:postgresql://{hosts}/{quote(name, safe='')}" + (f"?{urlencode(passed)}" if passed else "")
    user = query.get("user") or unquote(parts.username or "")
    return Jdbc(url, user, query.get("password") or unquote(parts.password or ""))


def _file(url: str) -> str:
    from dbdeed.engines.sqlite.location import file_of

    return str(file_of(url))
