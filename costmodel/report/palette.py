"""Every colour of pictures and pages, by what it stands for; one table, so that they cannot drift.

The hues of lanes keep the largest least distance in OKLab as seen normally and with protanopia,
deuteranopia and tritanopia (Machado et al. 2009), and 3 : 1 against the page.
"""

from __future__ import annotations

TOKENS = {
    "paper": ("#ffffff", "#101418"),
    "ink": ("#161b22", "#e8ecf1"),
    "faint": ("#606a76", "#8f99a6"),
    "grid": ("#e6eaee", "#242b33"),
    "edge": ("#c5ccd4", "#38414c"),
    "light": ("#fff1bf", "#332c12"),
    "bad": ("#b3261e", "#ff8f86"),
    "accent": ("#0b57b7", "#82b4ff"),
    "transfer": ("#254898", "#547fcb"),
    "on_chip": ("#1099c4", "#a1e8ed"),
    "level_1": ("#1099c4", "#a1e8ed"),
    "level_2": ("#0d7948", "#6acaa1"),
    "level_3": ("#6a2a66", "#d195ed"),
    "matrix": ("#d02400", "#eb653c"),
    "host": ("#c38003", "#fbd255"),
    "launch": ("#6a2a66", "#d195ed"),
    "link": ("#0d7948", "#6acaa1"),
    "overhead": ("#7a8085", "#8f9194"),
    "none": ("#7a8085", "#8f9194"),
}
"""Each word's colour on a light page, which files have too, and on a dark one."""
LIGHT, DARK = ({word: pair[n] for word, pair in TOKENS.items()} for n in (0, 1))
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
