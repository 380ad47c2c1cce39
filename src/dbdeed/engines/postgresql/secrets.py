"""Secrets in the options of foreign objects: never read into a catalog, never shown.

Their value is replaced by the name of an environment variable, so that a catalog says that there is one, and
a statement that has to write it takes it from there when it runs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.engines.change import Step

_SECRET = re.compile(r"passw|passfile|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{([A-Z0-9_]+)\}")


def without_secrets(options: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """`name=value` pairs; `names` are the object's, of which the variable's name is made."""
    return tuple(
        f"{name}=${{{variable(*names, name)}}}" if _SECRET.search(name) else f"{name}={value}"
        for name, _, value in (one.partition("=") for one in options)
    )


def variable(*names: str) -> str:
    """`SERVER_USER_PASSWORD`."""
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(names).upper()).strip("_")


def with_environment(one: Step) -> Step:
    """The step with the variables that it wants named."""
    found = tuple(sorted(set(_PLACEHOLDER.findall(one.sql))))
    return replace(one, environment=found) if found else one
