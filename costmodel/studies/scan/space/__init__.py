"""Which points a scan has: axes, samples, and the expressions over them."""
