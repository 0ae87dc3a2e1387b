"""Counting conventions: the named exchange rates from neutral tallies to printed figures.

One file is one model; its name is the word users write.
"""
