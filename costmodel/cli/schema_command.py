"""JSON Schema of a file, for editors that complete and check YAML.

Save it beside your files and name it in their first line:
# yaml-language-server: $schema=architecture.schema.json
"""

from __future__ import annotations

import argparse

WORDS = ("architecture", "hardware")

EXAMPLES = (
    "schema architecture",
    "schema hardware",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("what", choices=WORDS, help="an architecture file, or a hardware profile")


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    import json

    from costmodel.report import schema

    made = schema.architecture() if args.what == "architecture" else schema.hardware()
    print(json.dumps(made, indent=1))
    return 0
