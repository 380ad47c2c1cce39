"""A catalog as the SQL of a document: as a careful person would write it."""
