"""Traffic models, one to a file: what each row moves over the memory bus."""
