"""Shapes of the matrix engine, one to a file: how much of its peak a layer can use."""
