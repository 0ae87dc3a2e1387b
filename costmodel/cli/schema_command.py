"""JSON Schema of a file, for editors that complete and check YAML.

Save it beside your files and name it in their first line:
# yaml-language-server: $schema=architecture.schema.json
"""

from __future__ import annotations

import argparse
import json

from costmodel.cli import options
from costmodel.report import schema

WORDS = ("architecture", "hardware")

EXAMPLES = ("schema architecture", "schema hardware")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "what", "an architecture file, or a hardware profile", choices=WORDS)


def run(args: argparse.Namespace) -> int:
    """Print the JSON Schema of a kind of file."""
    print(json.dumps(getattr(schema, args.what)(), indent=1))
    return 0
