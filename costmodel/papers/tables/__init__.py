"""The seed papers: one per file, with its tables as YAML and their figures as CSV beside it."""
