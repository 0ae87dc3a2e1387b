"""Mutation testing: changes of source text, the runs that must notice them, and the rooms."""
