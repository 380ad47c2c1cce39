"""Taking a PostgreSQL backup, restoring it in isolation, and asking the copy whether it is sound."""
