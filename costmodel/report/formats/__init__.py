"""Kinds of files that a run is written as, one per file, named by the file's suffix."""
