"""Loop nests on several levels of memory: the least cost of what crosses their boundaries."""
