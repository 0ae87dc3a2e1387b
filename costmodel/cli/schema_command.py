"""JSON Schema of a file, for editors that complete and check YAML.

Save it beside your files and name it in their first line:
# yaml-language-server: $schema=architecture.schema.json
"""

from __future__ import annotations

import argparse

from costmodel.cli import options

WORDS = ("architecture", "hardware")

EXAMPLES = (
    "schema architecture",
    "schema hardware",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "what", "an architecture file, or a hardware profile", choices=WORDS)


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    import json

    from costmodel.report import schema

    print(json.dumps(getattr(schema, args.what)(), indent=1))
    return 0
