"""The seed papers: one per file, with its tables as CSV beside it."""
