"""A paper."""

from collections.abc import Iterator
from typing import ClassVar

from costmodel.papers import Cell, Paper, Table, model


class Claim(Table):
    """One figure: 66 rows."""

    name: ClassVar[str] = "leaflet_claim"
    title: ClassVar[str] = "A leaflet: rows of HairNet"
    source: ClassVar[str] = "made for the tests"

    def cells(self) -> Iterator[Cell]:
        """The number of rows."""
        yield Cell("HairNet", "rows", "66", len(model.run("hairnet").network.rows))


class Leaflet(Paper):
    """A leaflet that counts the rows of HairNet."""

    source: ClassVar[str] = "made for the tests"
    tables: ClassVar[tuple[type[Table], ...]] = (Claim,)
