"""How far an architecture file unrolls at the least, told before anything is unrolled.

Blocks may call blocks, each several times, so forty lines can mean 2**40 rows. Counting needs one
visit to each item: what a ``${...}`` decides counts as nothing here and is bounded while unrolling.
"""

from __future__ import annotations

from costmodel.frontends.yaml.syntax import Document, Item


def least_steps(document: Document) -> dict[int, int]:
    """Count the items that each top-level item unrolls to at the least.

    The counts are keyed by the item's position in the file's list.
    """
    known: dict[str, int] = {}

    def block(name: str, inside: tuple[str, ...]) -> int:
        """Items of a block, 0 for one that calls itself or is not there: reported elsewhere."""
        if name in inside or name not in document.blocks:
            return 0
        if name not in known:
            known[name] = sum(steps(i, (*inside, name)) for i in document.blocks[name].items)
        return known[name]

    def steps(item: Item, inside: tuple[str, ...]) -> int:
        """Items that one item unrolls to, itself included, inside the blocks named."""
        repeat = item.control["repeat"].value if "repeat" in item.control else 1
        if "when" in item.control or not isinstance(repeat, int):
            return 0
        once = 1 + sum(steps(inner, inside) for inner in item.items or ())
        if item.block is not None:
            once += block(str(item.block.value), inside)
        return max(repeat, 0) * once

    return {number: steps(item, ()) for number, item in enumerate(document.items)}
