"""What a document's SQL is as text: statements, what they name, what must not run, and in which order."""
