"""``python -m costmodel`` is the ``costmodel`` command."""

from __future__ import annotations

import sys

from costmodel.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
