"""Names: model `OrderLine` is table `order_lines`. English plurals come from the `inflection` library."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def table_name(model: str) -> str:
    """The table that a model's name stands for: "Order Line" and "OrderLine" are `order_lines`."""
    import inflection

    return inflection.tableize(re.sub(r"[\s-]+", "_", model.strip()))


@lru_cache(maxsize=4096)
def model_name(table: str) -> str:
    """The model that a table's name stands for: `order_lines` is "OrderLine"."""
    import inflection

    return inflection.camelize(inflection.singularize(re.sub(r"\W+", "_", table.strip()).strip("_")))
