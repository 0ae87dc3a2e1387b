"""Calibrations and evaluations: how far predicted times can be trusted."""
