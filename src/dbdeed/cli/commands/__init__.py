"""One module per command, imported only when that command runs.

Each has a typer `app`; its function's docstring is the command's help and ends with examples.
"""
