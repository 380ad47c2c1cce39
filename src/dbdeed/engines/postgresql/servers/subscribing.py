"""Subscriptions in a scratch: whatever a document says, they reach nobody.

A statement is written anew: with `connect = false`, and with a connection that leads nowhere, so that no
secret is kept either. What the publisher's slot would have to learn is only noted in the catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.sql_text import TokenKind, name_of

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.servers.harmless import Found

NOWHERE = "'host=/nowhere dbname=nothing'"

_AT_THE_SLOT = {"failover": "subfailover", "two_phase": "subtwophasestate"}
_DECIDED_HERE = frozenset({"connect", "create_slot", "copy_data", "enabled"})
_NO = frozenset({"false", "off", "0", "'false'", "'off'", "'0'"})


def created(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """CREATE SUBSCRIPTION name CONNECTION '…' PUBLICATION a, b [WITH (…)]."""
    texts = [text for text, _ in found]
    name = name_of(sql, found[2][1], fold=True) if len(found) > 6 else None
    if name is None or texts[3] != "connection" or found[4][1].kind is not TokenKind.STRING:
        return None
    if texts[5] != "publication":
        return None
    end = texts.index("with", 6) if "with" in texts[6:] else len(found)
    publications = sql[found[6][1].start : found[end - 1][1].end]
    options = _options(sql, found[end + 1 :])
    kept = {"connect": "false", **{key: value for key, value in options.items() if key not in _DECIDED_HERE}}
    inside = ", ".join(f"{key} = {value}" for key, value in kept.items())
    made = f"CREATE SUBSCRIPTION {ident(name)} CONNECTION {NOWHERE} PUBLICATION {publications}"
    made += f" WITH ({inside})"
    off = any(options.get(key, "true").lower() in _NO for key in ("connect", "enabled"))
    return made if off else f"{made}; ALTER SUBSCRIPTION {ident(name)} ENABLE"


def _options(sql: str, found: Found) -> dict[str, str]:
    """`(a = b, c)`, values as written; a name alone means true."""
    options: dict[str, str] = {}
    name = ""
    for place, (text, token) in enumerate(found):
        if text in {"(", ","}:
            name = found[place + 1][0] if place + 1 < len(found) else ""
            if name not in {")", ""}:
                options[name] = "true"
        elif name and found[place - 1][0] == "=":
            options[name] = sql[token.start : token.end]
    return options


def changed(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """ALTER SUBSCRIPTION, but for what only the publisher could answer."""
    texts = [text for text, _ in found]
    name = name_of(sql, found[2][1], fold=True) if len(found) > 3 else None
    if name is None:
        return None
    what = texts[3:]
    if what in (["enable"], ["disable"]) or what[:2] in (["rename", "to"], ["owner", "to"]):
        return sql
    if what[:1] == ["connection"] and len(what) == 2:
        return f"ALTER SUBSCRIPTION {ident(name)} CONNECTION {NOWHERE}"
    if what[1:2] == ["publication"] and what[0] in {"set", "add", "drop"}:
        end = texts.index("with") if "with" in texts else len(found)
        return f"{sql[: found[end - 1][1].end]} WITH (refresh = false)"
    if what[:2] == ["set", "("]:
        return _set(name, _options(sql, found[4:]))
    return None


def _set(name: str, options: dict[str, str]) -> str:
    plain = ", ".join(f"{key} = {value}" for key, value in options.items() if key not in _AT_THE_SLOT)
    steps = [f"ALTER SUBSCRIPTION {ident(name)} SET ({plain})"] if plain else []
    noted = {key: value.lower() not in _NO for key, value in options.items() if key in _AT_THE_SLOT}
    for key, value in noted.items():
        shown = ("'p'" if value else "'d'") if key == "two_phase" else str(value).lower()
        steps.append(
            f"UPDATE pg_catalog.pg_subscription SET {_AT_THE_SLOT[key]} = {shown} "
            f"WHERE subname OPERATOR(pg_catalog.=) {literal(name)}::pg_catalog.name AND subdbid "
            "OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname "
            "OPERATOR(pg_catalog.=) pg_catalog.current_database())"
        )
    return "; ".join(steps)


def dropped(sql: str, found: Found, role: str) -> str | None:  # noqa: ARG001
    """Its slot is nowhere, so it is let go first."""
    name = name_of(sql, found[2][1], fold=True) if len(found) == 3 else None
    if name is None:
        return sql
    head = f"ALTER SUBSCRIPTION {ident(name)}"
    return f"{head} DISABLE; {head} SET (slot_name = NONE); DROP SUBSCRIPTION {ident(name)}"


def forget(database: str) -> str:
    """For a superuser: a database that has subscriptions cannot be dropped."""
    return (
        "DELETE FROM pg_catalog.pg_subscription WHERE subdbid = "
        f"(SELECT oid FROM pg_catalog.pg_database WHERE datname = {literal(database)})"
    )


FORMS = {
    "create subscription ": created,
    "alter subscription ": changed,
    "drop subscription ": dropped,
}
