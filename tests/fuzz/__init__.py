"""Broken inputs, drawn and kept."""
