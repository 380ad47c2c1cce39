"""Random SQLite schemas, ways to change them, and the judge of what a plan makes of the change."""
