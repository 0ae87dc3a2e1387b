"""Draws report.png, the picture of the README, with Debian's chromium."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import costmodel as cm

TARGET = Path(__file__).parent / "report.png"


def main() -> None:
    """HairNet's page, as it opens."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as player:
        page = Path(name) / "hairnet.html"
        cm.simulate("hairnet", "accel_1tflops").save(page)
        browser = player.chromium.launch(executable_path=shutil.which("chromium"))
        view = browser.new_page(viewport={"width": 1180, "height": 900}, color_scheme="light")
        view.goto(page.as_uri())
        view.wait_for_timeout(500)
        view.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
