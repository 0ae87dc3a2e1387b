"""Measured times beside modelled ones."""
