"""How a model is put into words in the document: its attributes and relationships, one line each.

`Customer` with a required `Order.customer_id`: the order has "Many-to-one with Customer (`customer_id`)", the
customer "One-to-many with Order (`customer_id`)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.models.model import Attribute, Model, Relationship

_DASHES = "-–—"


def attribute_words(model: Model, attribute: Attribute) -> str:
    """`bigint, Primary Key` and the like, as the template writes attributes."""
    return ", ".join([attribute.type, *_constraints(model, attribute)])


def _constraints(model: Model, attribute: Attribute) -> list[str]:
    name = attribute.name
    primary = model.primary_key
    in_primary = primary is not None and name in primary.columns
    words = []
    if in_primary:
        words.append("Primary Key")
    elif any(key.columns == (name,) for key in model.keys):
        words.append("Unique")
    if not attribute.nullable and not in_primary:
        words.append("Not Null")
    if attribute.generated:
        words.append("Generated")
    elif attribute.identity:
        words.append("Identity")
    elif attribute.default:
        words.append(f"Default {_one_line(attribute.default)}")
    return words


def _one_line(text: str) -> str:
    """An expression may hold line ends and backticks; a list item takes neither."""
    return " ".join(text.split()).replace("`", "'")


def relationship_words(relationship: Relationship) -> str:
    """`One-to-many with Order (`customer_id`)`; through a join table its name stands in the brackets."""
    kind = relationship.cardinality.value.capitalize()
    if relationship.through:
        return f"{kind} with {relationship.target} through `{relationship.through}`"
    columns = relationship.columns if relationship.holder else relationship.target_columns
    return f"{kind} with {relationship.target} ({', '.join(f'`{column}`' for column in columns)})"


def words_of(model: Model) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """A model's attributes by name, in the table's order, and its relationships."""
    attributes = {one.name: attribute_words(model, one) for one in model.attributes}
    return attributes, tuple(dict.fromkeys(map(relationship_words, model.relationships)))


def keep_prose(written: str, words: str) -> str:
    """A line's new text: `words`, and what a person had added behind the old ones after a dash."""
    at = _remark(written)
    if at is None:
        return words
    old = written[:at].rstrip()
    return written if old == words else f"{words}{written[len(old) :]}"


def _remark(text: str) -> int | None:
    """Where a spaced dash stands outside brackets and quotes: `(a - b)` is no remark."""
    depth = 0
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth <= 0 and character in _DASHES and text[at - 1 : at] == " " == text[at + 1 : at + 2]:
            return at
    return None
