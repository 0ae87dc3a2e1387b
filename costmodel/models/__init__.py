"""Models above the contracts of the core: one per file, its name the word users write."""
