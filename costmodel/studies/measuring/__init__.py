"""The machine at hand: networks to run on it, their times, and its peaks."""
