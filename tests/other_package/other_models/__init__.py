"""One model of each family."""
