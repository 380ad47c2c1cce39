"""The few statements that need a superuser, in a scratch whose sessions are none.

A document's SQL is hostile until shown otherwise, so a scratch session logs in as an ordinary role. What a
schema may rightly hold and only a superuser can make (extensions, event triggers, foreign servers,
publications of everything, subscriptions that do not connect) is recognised by its words, one statement at a
time. It then runs through a function of the superuser's, in the same session and so in the same transaction.
That function takes only what we sealed: the seal's key lies where the session's role cannot read it. It reads
a string as we do, whatever the session has set, so that what is one statement to us is one to it.

None of these statements may run a function of the document's. `CREATE EXTENSION` sets its own safe
`search_path`; a foreign data wrapper's validator would be called, so one that names a function is not
recognised; event triggers are held off by `session_replication_role` (and `event_triggers` from 17 on), and
where one is set to fire even so, nothing is run.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.servers import harmless, subscribing
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import Token, TokenKind, name_of, split, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.engines.postgresql.servers.harmless import Found


_ORDINARY = re.compile(
    r"(?:set(?!\s+role\b)|create\s+(?:unlogged\s+)?(?:table|view|materialized\s+view|index|unique\s+index|type|domain|sequence|function"
    r"|procedure|trigger|statistics)|drop\s+(?:table|view|index|function)|comment\s+on\s+(?:table|column|index)"
    r"|alter\s+table(?!.*\bowner\b))\s",
    re.IGNORECASE | re.DOTALL,
)


def ordinary(sql: str) -> bool:
    """Whether a statement's first words alone say that it names no role and needs no superuser.

    Most do; reading the others word by word takes as long as running them.
    """
    return _ORDINARY.match(sql) is not None


def elevated(sql: str, role: str) -> str | None:
    """What to run as superuser in place of `sql`; None where it is to run as it is.

    Args:
        sql: one statement.
        role: the session's role; it becomes the owner of what it may own.
    """
    statements = split(sql, RULES)
    if len(statements) != 1:
        return None
    tokens = statements[0].tokens
    opening = " ".join(words(sql, tokens, 6))
    for beginning, recognise in _RECOGNISED.items():
        if opening.startswith(beginning):
            found = [(sql[one.start : one.end].lower(), one) for one in tokens]
            return recognise(sql[statements[0].start : statements[0].end], found, role)
    return None


def _as_it_is(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    return sql


def _server(sql: str, found: Found, role: str) -> str | None:
    """CREATE SERVER [IF NOT EXISTS] name …: then handed to the role."""
    place = 5 if found[2][0] == "if" and len(found) > 5 else 2
    name = name_of(sql, found[place][1], fold=True) if len(found) > place else None
    return f"{sql}; ALTER SERVER {ident(name)} OWNER TO {ident(role)}" if name else None


def _back(sql: str, found: Found, role: str) -> str | None:
    """ALTER … OWNER TO CURRENT_USER, who is the session's role, and may lack a right that the owner needs."""
    if [text for text, _ in found[-3:]] != ["owner", "to", "current_user"]:
        return None
    start = found[-1][1].start - found[0][1].start
    return f"{sql[:start]}{ident(role)}"


def _publication_altered(sql: str, found: Found, role: str) -> str | None:
    """Given back to the role, which is a superuser meanwhile (see `given`): else any but by a row filter."""
    back = _back(sql, found, role)
    if back is not None:
        return f"ALTER ROLE {ident(role)} SUPERUSER; {back}; ALTER ROLE {ident(role)} NOSUPERUSER"
    return None if any(text == "where" for text, _ in found) else sql


def _without(*refused: str) -> Callable[[str, Found, str], str | None]:
    """Recognise a statement unless one of these words is in it."""

    def recognise(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
        return None if any(text in refused for text, _ in found) else sql

    return recognise


def _publication(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """Only of all tables or of whole schemas; a row filter could call functions."""
    texts = [text for text, _ in found]
    whole = any(
        texts[place : place + 2] in (["all", "tables"], ["tables", "in"], ["all", "sequences"])
        for place in range(len(texts))
    )
    return sql if whole and "where" not in texts else None


def _language(sql: str, found: Found, role: str) -> str | None:
    """An extension by its old name, or one of PL/pgSQL's functions."""
    plain = not any(text in {"handler", "inline", "validator"} for text, _ in found)
    return sql if plain else harmless.language(sql, found, role)


_RECOGNISED: dict[str, Callable[[str, Found, str], str | None]] = {
    "create extension ": _as_it_is,
    "alter extension ": _without("add", "drop"),
    "drop extension ": _as_it_is,
    "comment on extension ": _as_it_is,
    **dict.fromkeys(
        [
            f"create {replaced}{trusted}{procedural}language "
            for replaced in ("", "or replace ")
            for trusted in ("", "trusted ")
            for procedural in ("", "procedural ")
        ],
        _language,
    ),
    "comment on language ": _as_it_is,
    "create event trigger ": _as_it_is,
    "alter event trigger ": _as_it_is,
    "drop event trigger ": _as_it_is,
    "comment on event trigger ": _as_it_is,
    "create foreign data wrapper ": _without("handler", "validator"),
    "alter foreign data wrapper ": _without("handler", "validator"),
    "drop foreign data wrapper ": _as_it_is,
    "comment on foreign data wrapper ": _as_it_is,
    "grant usage on foreign data wrapper": _as_it_is,
    "revoke usage on foreign data wrapper": _as_it_is,
    "create server ": _server,
    "alter server ": _back,
    "create publication ": _publication,
    "alter publication ": _publication_altered,
    "drop publication ": _as_it_is,
    "comment on publication ": _as_it_is,
    "comment on subscription ": _as_it_is,
    **subscribing.FORMS,
    **harmless.FORMS,
}


# PostgreSQL shows a mapping's options to whom it is for. Here they are the document's own words, no secrets.
_MAPPINGS_SHOWN = """
CREATE OR REPLACE VIEW pg_catalog.pg_user_mappings AS
SELECT m.oid AS umid, s.oid AS srvid, s.srvname, m.umuser, COALESCE(r.rolname, 'public') AS usename,
  COALESCE(m.umoptions, '{}') AS umoptions
FROM pg_catalog.pg_user_mapping m
JOIN pg_catalog.pg_foreign_server s ON s.oid OPERATOR(pg_catalog.=) m.umserver
LEFT JOIN pg_catalog.pg_authid r ON r.oid OPERATOR(pg_catalog.=) m.umuser"""


def setup(key: str, major: int) -> tuple[str, ...]:
    """Statements that install the function in a database; run as superuser.

    It lies in pg_catalog, which no inspection reads. Its body names every function with its schema and uses
    no operator: the caller's `search_path` stays in force, since the statement's own names mean what they
    mean there.
    """
    event_triggers = "SET event_triggers = off" if major >= 17 else ""
    held_off = (
        "false"
        if major >= 17
        else (
            "EXISTS (SELECT FROM pg_catalog.pg_event_trigger e WHERE pg_catalog.chareq(e.evtenabled, 'A') "
            "OR pg_catalog.chareq(e.evtenabled, 'R'))"
        )
    )
    return (
        "SET allow_system_table_mods = on",
        _MAPPINGS_SHOWN,
        "CREATE TABLE pg_catalog.dbdeed_key (key text)",
        f"INSERT INTO pg_catalog.dbdeed_key VALUES ({literal(key)})",
        "CREATE TABLE pg_catalog.dbdeed_saved (oid oid, acl aclitem[])",
        f"""
CREATE FUNCTION pg_catalog.dbdeed_elevate(statement text, seal text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET session_replication_role = replica {event_triggers}
SET standard_conforming_strings = on AS $dbdeed$
DECLARE
  secret text := (SELECT k.key FROM pg_catalog.dbdeed_key k);
  inner_seal text := pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    pg_catalog.concat(secret, statement), 'UTF8')), 'hex');
BEGIN
  IF pg_catalog.texteq(seal, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
      pg_catalog.concat(secret, inner_seal), 'UTF8')), 'hex')) THEN
    IF {held_off} THEN
      RAISE EXCEPTION 'an event trigger that always fires forbids what needs a superuser'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE statement;
  ELSE
    RAISE EXCEPTION 'not sealed' USING ERRCODE = 'insufficient_privilege';
  END IF;
END
$dbdeed$""",
    )


_MIGHTY = (
    ("alter", "event", "trigger"),
    ("alter", "foreign", "data"),
    ("alter", "publication"),
    ("alter", "server"),
    ("alter", "subscription"),
)


def given(sql: str, role: str) -> str | None:
    """What gives something to a role that PostgreSQL wants to be a superuser; None for another statement.

    The role is one only meanwhile, in one transaction, and for nobody else to see.
    """
    parts = split(sql, RULES)
    opening = words(sql, parts[0].tokens, 3) if len(parts) == 1 else ()
    if not any(opening[: len(mighty)] == mighty for mighty in _MIGHTY):
        return None
    text = sql[parts[0].start : parts[0].end]  # no comment may swallow what follows
    return f"ALTER ROLE {ident(role)} SUPERUSER; {text}; ALTER ROLE {ident(role)} NOSUPERUSER"


_SCHEMAS = "(n.oid OPERATOR(pg_catalog.>=) 16384 OR n.oid OPERATOR(pg_catalog.=) 2200)"


def new_owner(sql: str) -> str | None:
    """The role that an ALTER … OWNER TO names, where the object lies in a schema; else None."""
    for part in split(sql, RULES)[:1]:
        texts = [sql[one.start : one.end].lower() for one in part.tokens]
        if texts[:1] == ["alter"] and texts[1:2] != ["schema"] and texts[-3:-1] == ["owner", "to"]:
            name = name_of(sql, part.tokens[-1], fold=True)
            return name if name and not _reserved(name, part.tokens[-1]) else None
    return None


def opened_to(role: str) -> str:
    """Let a role make objects in every schema: a new owner must be allowed to, unless a superuser gives."""
    return f"""
INSERT INTO pg_catalog.dbdeed_saved SELECT n.oid, n.nspacl FROM pg_catalog.pg_namespace n WHERE {_SCHEMAS};
UPDATE pg_catalog.pg_namespace n SET nspacl = pg_catalog.array_append(
  COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner)),
  pg_catalog.makeaclitem((SELECT r.oid FROM pg_catalog.pg_roles r
                          WHERE r.rolname OPERATOR(pg_catalog.=) {literal(role)}::pg_catalog.name),
                         n.nspowner, 'CREATE', false))
WHERE {_SCHEMAS}"""


CLOSED_AGAIN = f"""
UPDATE pg_catalog.pg_namespace n SET nspacl = (
  SELECT s.acl FROM pg_catalog.dbdeed_saved s WHERE s.oid OPERATOR(pg_catalog.=) n.oid)
WHERE {_SCHEMAS};
DELETE FROM pg_catalog.dbdeed_saved"""
"""Undo `opened_to`, leaving every schema's rights as they were."""


def seal(key: str, statement: str) -> str:
    """What `dbdeed_elevate` wants to see with a statement."""
    inner = hashlib.sha256((key + statement).encode()).hexdigest()
    return hashlib.sha256((key + inner).encode()).hexdigest()


_ROLE_BEFORE = {
    "grant": frozenset({"to"}),
    "revoke": frozenset({"from"}),
    "alter default": frozenset({"to", "from", "role", "user"}),
    "create policy": frozenset({"to"}),
    "alter policy": frozenset({"to"}),
    "create schema": frozenset({"authorization"}),
    "create user": frozenset({"for"}),
    "alter user": frozenset({"for"}),
    "alter": frozenset({"owner to"}),
}
"""After which words a statement names roles, by how it begins."""

_NO_ROLES = frozenset(
    {"public", "current_user", "current_role", "session_user", "user", "none", "role", "group", "schema"}
)


def roles_named(sql: str) -> list[str]:
    """Names that stand where a statement names roles."""
    return [name for one in split(sql, RULES) for name in _roles(sql, one.tokens)]


def _roles(sql: str, tokens: Sequence[Token]) -> Iterator[str]:
    opening = words(sql, tokens, 2)
    before = _ROLE_BEFORE.get(" ".join(opening)) or _ROLE_BEFORE.get("".join(opening[:1]))
    if before is None:
        return
    listing, last, last_but_one = False, "", ""
    for token in tokens:
        text = sql[token.start : token.end].lower()
        starts = last in before or f"{last_but_one} {last}" in before
        listing = starts or (listing and (last in {",", "group"} or text == ","))
        name = name_of(sql, token, fold=True)
        if listing and name and not _reserved(name, token):
            yield name
        last_but_one, last = last, text


def _reserved(name: str, token: Token) -> bool:
    keyword = token.kind is TokenKind.WORD and name in _NO_ROLES
    return keyword or name.startswith("pg_") or len(name.encode()) > 63
