"""Secrets in statements: `${NAME}` stands for an environment variable until the moment of execution."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.change import Step

_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values of a plan's environment variables; never shown, never journalled."""

    values: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, names: Iterable[str], environment: Mapping[str, str]) -> Secrets:
        """Look the names up. Raises `InvalidInput` for those that are not set, before anything runs."""
        names = tuple(names)
        missing = [name for name in names if name not in environment]
        if missing:
            raise InvalidInput(
                f"The plan's statements need {', '.join(missing)}, which the environment does not set.",
                hint="Set the variables and run apply again.",
                code="environment-missing",
            )
        return cls({name: environment[name] for name in names})

    def fill(self, step: Step) -> str:
        """The statement as executed; a placeholder stands inside a quoted literal, so quotes are doubled."""
        if not step.environment:
            return step.sql
        names = "|".join(map(re.escape, step.environment))
        return re.sub(
            rf"\$\{{({names})\}}", lambda found: self.values[found.group(1)].replace("'", "''"), step.sql
        )

    def hide(self, text: str) -> str:
        """A message without the values: a server quotes the statement that it refuses."""
        for value in sorted(self.values.values(), key=len, reverse=True):
            for form in (value.replace("'", "''"), value):
                if form:
                    text = text.replace(form, _HIDDEN)
        return text
