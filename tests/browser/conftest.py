"""A house that people reach with a real browser: Chromium, a real SMTP server, and a clock that stands still."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from classbook.app import App, open_app
from classbook.config import load
from classbook.core import outbox
from classbook.testing import FrozenClock
from classbook.web.desk import Desk
from classbook.web.server import listen, serve
from tests.browsers import CHROMIUM, LEFT_OUT
from tests.conftest import SECRET
from tests.databases import SqliteCopies
from tests.makers import NOW
from tests.smtp import SmtpServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SCREENSHOTS: Final = Path(__file__).parent.parent.parent / "build" / "screenshots"
"""Kept to be looked at."""
ARGUMENTS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
TIMEOUT_MS: Final = 30_000
"""How long a page may take on a machine that has much else to do."""

if LEFT_OUT:
    collect_ignore_glob = ["test_*.py"]


@dataclass
class House:
    """A served house and the mail that leaves it."""

    app: App
    address: str
    smtp: SmtpServer

    def deliver(self) -> None:
        """What the daemon does when there is mail."""
        while outbox.deliver(self.app):
            pass

    def mail_to(self, email: str) -> str:
        """The text of the newest mail that the SMTP server got for an address."""
        self.deliver()
        texts = [
            message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            for message, (_, recipients) in zip(self.smtp.messages, self.smtp.envelopes, strict=True)
            if email in recipients
        ]
        assert texts, f"no mail for {email}"
        return str(texts[-1])

    def code_for(self, email: str) -> str:
        return str(re.findall(r"^(\d{6})\s*$", self.mail_to(email), re.MULTILINE)[0])

    def link_for(self, email: str) -> str:
        return str(re.findall(r"^(https?://\S+/confirm/\S+?)\s*$", self.mail_to(email), re.MULTILINE)[0])


@pytest.fixture
def house(sqlite_copies: SqliteCopies, tmp_path: Path, smtp: SmtpServer) -> Iterator[House]:
    listener = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    environ = {
        "CLASSBOOK_DATABASE_URL": sqlite_copies.copy_to(tmp_path),
        "CLASSBOOK_SECRET": SECRET,
        "CLASSBOOK_TIMEZONE": "Europe/Berlin",
        "CLASSBOOK_WEB_PUBLIC_URL": address,
        "CLASSBOOK_MAIL_HOST": smtp.host,
        "CLASSBOOK_MAIL_PORT": str(smtp.port),
        "CLASSBOOK_MAIL_SECURITY": "none",
    }
    settings = load(config_path=None, environ=environ, overrides={})
    with closing(open_app(settings, clock=FrozenClock(NOW))) as app, closing(Desk(app)) as desk:
        server = serve(app, desk, listener=listener)
        try:
            yield House(app, server.address, smtp)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for a module, with nothing remembered from before."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Windows:
    """Opens windows, and watches what happens in them."""

    browser: Browser
    house: House
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, **options: Any) -> Page:
        """A window of a browser that knows nobody; options of a Playwright context, like `PHONE`."""
        given = {"viewport": {"width": 1200, "height": 900}, "locale": "en-GB", "timezone_id": "Asia/Tokyo"} | options
        context = self.browser.new_context(base_url=self.house.address, **given)
        context.set_default_timeout(TIMEOUT_MS)
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", lambda said: self._hear(said))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.contexts.append(context)
        return context.new_page()

    def _hear(self, said: Any) -> None:
        # A refused form has a status of its own, which the browser notes; anything else is a mistake of ours.
        if said.type in ("error", "warning") and "Failed to load resource" not in said.text:
            self.complaints.append(said.text)


@pytest.fixture
def window(chromium: Browser, house: House) -> Iterator[Windows]:
    """Opens windows. Afterwards: nothing was asked of anybody else, and the browser had nothing to complain about."""
    windows = Windows(chromium, house)
    yield windows
    for context in windows.contexts:
        context.close()
    elsewhere = [url for url in windows.requests if not url.startswith((f"{house.address}/", "data:"))]
    assert elsewhere == []
    assert windows.complaints == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps what a window shows, under the name of the test."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    test = request.node.name.removeprefix("test_")

    def keep(page: Page, name: str) -> None:
        page.wait_for_load_state()
        page.screenshot(path=SCREENSHOTS / f"{test}.{name}.png", full_page=True)

    return keep
