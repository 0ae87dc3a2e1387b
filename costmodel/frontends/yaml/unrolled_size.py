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
        if name in inside or name not in document.blocks:
            # reported elsewhere
            return 0
        if name not in known:
            known[name] = sum(item(i, (*inside, name)) for i in document.blocks[name].items)
        return known[name]

    def item(one: Item, inside: tuple[str, ...]) -> int:
        repeat = one.control["repeat"].value if "repeat" in one.control else 1
        if "when" in one.control or not isinstance(repeat, int):
            return 0
        steps = 1 + sum(item(i, inside) for i in one.items or ())
        if one.block is not None:
            steps += block(str(one.block.value), inside)
        return max(repeat, 0) * steps

    return {number: item(one, ()) for number, one in enumerate(document.items)}
