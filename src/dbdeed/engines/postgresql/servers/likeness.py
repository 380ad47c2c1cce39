"""What a scratch database takes over from the live one: version, encoding, locale, and the role's name."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import literal
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from dbdeed.engines.seam import Target

ROLE = "dbdeed"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Facts of a database.

    Attributes:
        major: of its server; 0 where no database is followed.
        provider: "c" libc, "i" ICU, "b" built in.
        locale: of ICU or the built-in provider.
        role: who connects there: owners and grants then read the same on both sides.
        sees_all: no policy hides rows from that role, as none does from a superuser.
    """

    major: int = 0
    encoding: str = "UTF8"
    collate: str = "C"
    ctype: str = "C"
    provider: str = "c"
    locale: str = ""
    rules: str = ""
    role: str = ROLE
    sees_all: bool = True


def likeness(target: Target) -> Likeness:
    """Ask a live database. Raises `CannotConnect`."""
    with closing(connect(target)) as session:
        major = session.version[0]
        provider = "datlocprovider::text" if major >= 15 else "'c'"
        locale = "datlocale" if major >= 17 else "daticulocale" if major >= 15 else "NULL"
        rules = "daticurules" if major >= 16 else "NULL"
        ((encoding, collate, ctype, by, where, also, role, sees_all),) = session.fetch(
            "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, "
            f"{provider}, {locale}, {rules}, session_user::text, "
            "(SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = session_user) "
            "FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
        )
    taken = role if not role.startswith(("pg_", "dbdeed_scratch")) else ROLE
    return Likeness(major, encoding, collate, ctype, by, where or "", also or "", taken, sees_all)


def clauses(like: Likeness, major: int) -> list[str]:
    """Options for CREATE DATABASE, the closest likeness first, one that always works last.

    A locale that this machine does not have decides how text sorts, never what a catalog says; so the next
    best is good enough for a scratch.
    """
    encoding = f"ENCODING {literal(like.encoding)}"
    libc = f"LC_COLLATE {literal(like.collate)} LC_CTYPE {literal(like.ctype)}"
    found = []
    if like.provider == "i" and major >= 15:
        rules = f" ICU_RULES {literal(like.rules)}" if like.rules and major >= 16 else ""
        icu = f"LOCALE_PROVIDER icu ICU_LOCALE {literal(like.locale)}{rules}"
        found += [f"{encoding} {libc} {icu}", f"{encoding} LC_COLLATE 'C' LC_CTYPE 'C' {icu}"]
    elif like.provider == "b" and major >= 17:
        found.append(f"{encoding} {libc} LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(like.locale)}")
    plain = " LOCALE_PROVIDER libc" if major >= 15 else ""
    return [*found, f"{encoding} {libc}{plain}", f"{encoding} LC_COLLATE 'C' LC_CTYPE 'C'{plain}"]
