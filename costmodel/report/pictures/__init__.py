"""Pictures of a run, one per file, named by the word that users write."""
