"""A model's attributes are not its table's columns.

The SQL is what counts where both exist. An attribute without a column, or a column that the model does
not list, misleads whoever reads the model.

**To right it**, run `dbdeed sync`, which writes the attributes anew from the SQL; or change the SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.names import nearest
from dbdeed.rules.described import model_of
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import ModelEntry
    from dbdeed.models.model import Model
    from dbdeed.rules.facts import Facts

CODE = "model-differs"
SEVERITY = Severity.WARNING
NEEDS_ENGINE = True


def check(facts: Facts) -> Iterator[Finding]:
    for entry in facts.architecture.models:
        model = model_of(entry, facts.data_model) if facts.data_model else None
        # A model without any attributes is one that `sync` has yet to write.
        if model and entry.attributes:
            yield from _differences(facts, entry, model)


def _differences(facts: Facts, entry: ModelEntry, model: Model) -> Iterator[Finding]:
    columns = [attribute.name for attribute in model.attributes]
    for attribute in entry.attributes:
        if attribute.name not in columns and not facts.unfilled_at(attribute.place):
            near = nearest(attribute.name, columns)
            hint = f"Did you mean “{near}”?" if near else "Add it to the SQL, or run `dbdeed sync`."
            message = f"the table {quoted(model.table)} has no column {quoted(attribute.name)}"
            yield Finding(CODE, SEVERITY, message, attribute.place, hint)
    listed = {attribute.name for attribute in entry.attributes}
    missing = [column for column in columns if column not in listed]
    if missing:
        names = ", ".join(f"“{name}”" for name in missing[:5]) + (" and more" if len(missing) > 5 else "")
        message = f"the model {quoted(entry.name)} does not list {names}"
        yield Finding(
            CODE, SEVERITY, message, entry.place, "Run `dbdeed sync` to write its attributes from the SQL."
        )
