"""Placement policies: which tensors live on chip.

One file is one model; its name is the word users write.
"""
