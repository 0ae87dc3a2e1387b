"""Every colour of pictures and pages, by what it stands for; one table, so that they cannot drift.

The hues of lanes keep the largest least distance in OKLab as seen normally and with protanopia,
deuteranopia and tritanopia (Machado et al. 2009), and 3 : 1 against the page.
"""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff",
    "ink": "#161b22",
    "faint": "#606a76",
    "grid": "#e6eaee",
    "edge": "#c5ccd4",
    "light": "#fff1bf",
    "bad": "#b3261e",
    "accent": "#0b57b7",
    "transfer": "#254898",
    "on_chip": "#1099c4",
    "matrix": "#d02400",
    "host": "#c38003",
    "launch": "#6a2a66",
    "link": "#0d7948",
    "overhead": "#7a8085",
    "none": "#7a8085",
}
DARK = {
    "paper": "#101418",
    "ink": "#e8ecf1",
    "faint": "#8f99a6",
    "grid": "#242b33",
    "edge": "#38414c",
    "light": "#332c12",
    "bad": "#ff8f86",
    "accent": "#82b4ff",
    "transfer": "#547fcb",
    "on_chip": "#a1e8ed",
    "matrix": "#eb653c",
    "host": "#fbd255",
    "launch": "#d195ed",
    "link": "#6acaa1",
    "overhead": "#8f9194",
    "none": "#8f9194",
}
SEQUENTIAL = (
    "#f8f4de", "#cedfa8", "#94cc92", "#52b58f", "#049a91", "#007a89", "#005c7d", "#003c75",
    "#1a1c5a",
)  # fmt: skip
"""From least to most, of heat maps and shaded points."""
SERIES = ("transfer", "matrix", "link", "host", "on_chip", "launch", "overhead", "ink")
"""What tells series apart that are no lanes, in this order."""


def css() -> str:
    """The colours as custom properties of a page, light and dark as the system asks."""
    light, dark = (
        " ".join(f"--{word}: {value};" for word, value in theme.items()) for theme in (LIGHT, DARK)
    )
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )
