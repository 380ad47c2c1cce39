"""PostgreSQL's log (WAL) as files: received, archived, found again and replayed up to a moment."""
