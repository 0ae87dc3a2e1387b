"""A scan as parts: planned, evaluated by whatever engine, kept on the disk, and merged."""
