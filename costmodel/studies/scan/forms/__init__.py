"""A run's time as a function of the machine, or of its own counts: every form a scan evaluates."""
