"""Loop nests tiled: the least external traffic of a contraction in a given memory."""
