"""The ERD: what of a data model is drawn, where it stands, and how it looks. Knows models only."""
