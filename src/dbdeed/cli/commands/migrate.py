"""`dbdeed migrate …`: migrations as files."""

from __future__ import annotations

import click

from dbdeed.cli.migrating import keeping, running, trying, writing


@click.group()
def command() -> None:
    """Write and run migrations as files, in the format of the document's Tool.

    The files lead: `new` writes what leads from them to the document, `up` runs what a database does not have
    yet. The tool's own history table is read and written, so that either may run the next file.

    Examples:
        dbdeed migrate new "add loyalty points"
        dbdeed migrate status
        dbdeed migrate up
    """


for _one in (*writing.COMMANDS, *running.COMMANDS, *keeping.COMMANDS, *trying.COMMANDS):
    command.add_command(_one)
