"""Timing models: how a row's transfer and compute times add up.

One file is one model; its name is the word users write.
"""
