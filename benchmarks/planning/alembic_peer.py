"""What alembic's users do between two databases: the target reflected, compared with the live one.

Run by the interpreter of alembic's own environment: `python alembic_peer.py FROM TO`.
"""

# mypy: ignore-errors

from __future__ import annotations

import sys

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect


def main(source: str, destination: str) -> None:
    """Print the operations that lead from one database to the other."""
    target = MetaData()
    wanted = create_engine(destination.replace("postgresql://", "postgresql+psycopg://", 1))
    with wanted.connect() as connection:
        for schema in inspect(connection).get_schema_names():
            if schema != "information_schema":
                target.reflect(connection, schema=schema)
    live = create_engine(source.replace("postgresql://", "postgresql+psycopg://", 1))
    with live.connect() as connection:
        options = {"include_schemas": True, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        print(render_python_code(produce_migrations(context, target).upgrade_ops))


if __name__ == "__main__":
    main(*sys.argv[1:])
