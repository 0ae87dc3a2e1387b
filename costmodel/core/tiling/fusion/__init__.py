"""Rows that run depth first: strips of a map pass from row to row and never leave the chip."""
