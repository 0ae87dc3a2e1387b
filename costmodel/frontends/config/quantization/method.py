"""What a method says: how each matrix is stored, and in which types a run computes and keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from costmodel.frontends.config.quantization.matrices import Format, Module
from costmodel.frontends.config.quantization.names import Names


@dataclass(frozen=True)
class Rule:
    """How a matrix is stored."""

    format_of: Callable[[Module], Format | None]
    """None for one that stays in the model's own type."""
    experts_apart: bool = False
    """True where experts of one layer may be stored differently."""

    @classmethod
    def all_but(
        cls, left: Names, form: Format, roles: tuple[str, ...] = ("linear", "expert")
    ) -> Rule:
        """One format for every matrix of these roles that is not in a list."""

        def rule(module: Module) -> Format | None:
            return form if module.role in roles and module.path not in left else None

        return cls(rule, left.tells_experts_apart)


@dataclass(frozen=True)
class Quantisation:
    """What a config says of quantised weights."""

    rule: Rule
    state: str | None = None
    """The element type of keys and values; None: the model's own."""
