"""A reader of YAML that stops as soon as values lie too deep."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.events import CollectionStartEvent
from ruamel.yaml.scanner import Scanner

from costmodel.language.depth import MAX_DEPTH


class Deep(Exception):
    """A value lies deeper than MAX_DEPTH; `mark` is ruamel's place of it."""

    def __init__(self, mark: Any) -> None:
        self.mark = mark


class ShallowScanner(Scanner):
    """It reads open brackets ahead, up to a thousand, and looks back over all at each one."""

    def fetch_flow_collection_start(self, *given: Any, **named: Any) -> None:
        """Note an open bracket. Raises Deep."""
        if len(self.flow_context) >= MAX_DEPTH:
            raise Deep(self.reader.get_mark())
        super().fetch_flow_collection_start(*given, **named)


class ShallowComposer(Composer):
    """Makes nodes of values, those that are indented among them."""

    inside = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The node of a value and of all values in it. Raises Deep."""
        event = self.parser.peek_event()
        if self.inside >= MAX_DEPTH and isinstance(event, CollectionStartEvent):
            raise Deep(event.start_mark)
        self.inside += 1
        node = super().compose_node(parent, index)
        self.inside -= 1
        return node


def shallow_yaml() -> YAML:
    """A safe reader of YAML 1.2."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Composer = ShallowScanner, ShallowComposer
    return yaml
