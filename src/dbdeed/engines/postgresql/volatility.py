"""Whether a default gives each row a value of its own, so that ADD COLUMN writes the whole table anew.

The server writes its own functions without a schema and everybody else's with one. Of its own, those of class
"volatile" that make a value are known by name (pg_proc of versions 15 to 18); of a person's, the definition
says it; what is not known counts as volatile.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import qualified

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog

_VOLATILE = frozenset(
    {
        "nextval",
        "currval",
        "lastval",
        "setval",
        "random",
        "random_normal",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
    }
    | {"clock_timestamp", "timeofday", "array_sample", "array_shuffle", "set_config", "current_query"}
    | {"txid_status", "query_to_xml", "setseed", "currtid2"}
)
_VOLATILE_PREFIXES = ("pg_", "lo_")
_OF_THE_MOMENT = re.compile(
    r"\b(?:now|transaction_timestamp|statement_timestamp|current_setting)\("
    r"|\b(?:CURRENT|LOCAL|SESSION|SYSTEM)(?:_\w+|TIME\w*)\b|\bUSER\b"
)
_STRING = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))*)\(')
_FIRM = re.compile(r"\b(?:IMMUTABLE|STABLE)\b")


def is_volatile(expression: str, catalog: Catalog) -> bool:
    """Whether two calls in one statement may differ."""
    return any(_volatile_call(name, catalog) for name in _CALL.findall(_STRING.sub("''", expression)))


def is_of_the_moment(expression: str, catalog: Catalog) -> bool:
    """Whether it is the same for all rows of a statement, and another in the next."""
    text = _STRING.sub("''", expression)
    own = any("." in name and not name.startswith("pg_catalog.") for name in _CALL.findall(text))
    return not is_volatile(expression, catalog) and (own or _OF_THE_MOMENT.search(text) is not None)


def _volatile_call(name: str, catalog: Catalog) -> bool:
    if "." not in name:
        return name in _VOLATILE or name.startswith(_VOLATILE_PREFIXES)
    found = [
        one
        for one in catalog.objects.values()
        if one.id.kind == "function" and qualified(*one.id.name[:2]) == name
    ]
    heads = [str(getattr(one, "definition", "")).partition("\nAS ")[0] for one in found]
    return not heads or not all(_FIRM.search(head) for head in heads)
