"""Kinds that are one kind over another number of axes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar


class Windowed:
    """Shared by kinds whose window slides over the last `axes` axes of a map.

    `class Conv1d(Conv2d, axes=1)` is its base with windows of one axis: attributes that have a
    number for each axis take one.
    """

    axes: ClassVar[int] = 2

    def __init_subclass__(cls, axes: int | None = None, **rest: Any) -> None:
        """Give the attributes of the base their size; `@dataclass` then finds them."""
        super().__init_subclass__(**rest)
        if axes is None:
            return
        cls.axes = axes
        for item in fields(cls):  # type: ignore[arg-type]
            if item.metadata["over"] is not None:
                cls.__annotations__[item.name] = item.type
                setattr(cls, item.name, item.metadata["over"](axes))
