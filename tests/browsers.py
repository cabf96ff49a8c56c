"""Whether pages can be looked at in a real browser here: Chromium from the machine, driven by Playwright.

No browser is ever downloaded. ``apt-get install chromium``, or whatever the system calls it, brings one.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM: Final = next(filter(None, map(shutil.which, NAMES)), None)
LEFT_OUT: Final = (
    "there is no Chromium on this machine"
    if CHROMIUM is None
    else "the extra `browser` is not installed"
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None
    else None
)
"""Why not; None where they run."""
