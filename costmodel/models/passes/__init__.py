"""Graph passes: rewrites of a network that software makes before it runs.

One file is one model; its name is the word users write.
"""
