"""The documentation as a site: sphinx-build -W --keep-going -b html docs build/site."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gallery
import generate

generate.write(generate.FOLDER)
gallery.write(generate.FOLDER)

project = "costmodel"
# nobody but its contributors
copyright = "the costmodel contributors"  # noqa: A001
extensions = ["myst_nb"]
# its outputs are those that were saved with it; the tests run it
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# pages point at files of the repository, which are no pages of the site
suppress_warnings = ["myst.xref_missing"]
html_theme = "furo"
html_title = "costmodel"
