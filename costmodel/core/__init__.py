"""The neutral model: networks, quantities, the formula, and the contract of every family."""
