"""The grammars of the document's values: one module per kind of value.

Each has a frozen type, `parse(text) -> T | Problem` (generous) and `write(value) -> str` (the standard form);
`parse(write(value)) == value` for every value, which hypothesis holds.
"""
