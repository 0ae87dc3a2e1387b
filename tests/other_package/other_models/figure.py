"""A figure of machines."""

from typing import ClassVar

from costmodel.core.quantities import MachineQuantity
from costmodel.core.terms import Figure, Term


class Checker(Figure):
    """A host that checks every byte over the bus, at so many a second."""

    quantity: ClassVar[MachineQuantity] = MachineQuantity(
        "checker", "bandwidth", "checker", "checked", ("checker",)
    )
    terms: ClassVar[tuple[Term, ...]] = (Term("host", "external_bytes", "checker"),)
