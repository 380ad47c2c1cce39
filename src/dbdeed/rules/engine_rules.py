"""The engines' own rules on SQL: traps that a database system accepts without a word."""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module

_PACKAGES = {"PostgreSQL": "dbdeed.engines.postgresql.lint", "SQLite": "dbdeed.engines.sqlite.lint"}


@dataclass(frozen=True, slots=True)
class EngineRule:
    """One rule of one engine; its `check` is the engine's own affair."""

    system: str
    code: str
    documentation: str

    @property
    def title(self) -> str:
        return self.documentation.splitlines()[0].rstrip(".")


@cache
def engine_rules() -> tuple[EngineRule, ...]:
    """The rules of every engine, by system and code: each module of its `lint` package that has a CODE."""
    found = []
    for system, name in _PACKAGES.items():
        package = import_module(name)
        modules = [import_module(f"{name}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]
        found += [
            EngineRule(system, module.CODE, inspect.cleandoc(module.__doc__ or ""))
            for module in modules
            if hasattr(module, "CODE")
        ]
    return tuple(sorted(found, key=lambda rule: (rule.system, rule.code)))
