"""A browser without script, as far as tests need one: it keeps cookies, fills in forms and follows where it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from tests.conftest import Answered, Client

FORM = "application/x-www-form-urlencoded"


@dataclass
class Form:
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """What a page says, and what it would make a browser do."""

    def __init__(self, answer: Answered):
        super().__init__()
        self.text = ""
        self.title = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.links: list[str] = []
        self.asked_for: list[str] = []
        """What is loaded without anybody clicking."""
        self.forms: list[Form] = []
        self._inside: list[str] = []
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes += attrs
        self._inside.append(tag)
        if tag == "a":
            self.links.append(known.get("href", ""))
        elif tag == "link":
            self.asked_for.append(known["href"])
        elif "src" in known:
            self.asked_for.append(known["src"])
        if tag == "form":
            self.forms.append(Form(known.get("method", "get"), known.get("action", "")))
        elif tag in ("input", "select") and self.forms and "name" in known:
            if known.get("type") in ("checkbox", "radio") and "checked" not in known:
                return
            self.forms[-1].fields.append((known["name"], known.get("value", "")))
        elif tag == "option" and "selected" in known:
            name, _ = self.forms[-1].fields.pop()
            self.forms[-1].fields.append((name, known.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "title" in self._inside and "svg" not in self._inside:
            self.title += data
        elif "button" in self._inside and self.forms:
            self.forms[-1].buttons.append(data.strip())
        self.text += data

    def form(self, button: str) -> Form:
        """The form with that button."""
        found = [form for form in self.forms if button in form.buttons]
        assert found, f"no button {button!r}, but {[form.buttons for form in self.forms]}"
        return found[0]


@dataclass(frozen=True)
class Seen:
    """What was answered, and where the browser is now."""

    status: int
    address: str
    answer: Answered
    page: Page

    @property
    def text(self) -> str:
        return self.page.text


class Surfer:
    """``Surfer(client)`` is a fresh browser."""

    def __init__(self, client: Client):
        self._client = client
        self.cookies: dict[str, str] = {}
        self.seen: Seen | None = None

    def get(self, path: str) -> Seen:
        """Open an address, and go where it leads."""
        return self._follow("GET", path, None)

    def click(self, button: str, **values: str | list[str]) -> Seen:
        """Fill in the form with that button on the page that is open, and send it."""
        assert self.seen is not None
        return self.send(self.seen.page.form(button), **values)

    def send(self, form: Form, **values: str | list[str]) -> Seen:
        """Send a form with other values than the ones it has."""
        assert self.seen is not None
        body = [(name, value) for name, value in form.fields if name not in values]
        for name, value in values.items():
            body += [(name, one) for one in (value if isinstance(value, list) else [value])]
        address = urljoin(self.seen.address, form.action)
        if form.method == "get":
            return self._follow("GET", f"{address.partition('?')[0]}?{urlencode(body)}", None)
        return self._follow("POST", address, urlencode(body).encode())

    def _follow(self, method: str, path: str, body: bytes | None) -> Seen:
        for _ in range(5):
            answer = self._ask(method, path, body)
            if answer.status != 303:
                self.seen = Seen(answer.status, path, answer, Page(answer))
                return self.seen
            method, body, path = "GET", None, urljoin(path, answer.headers["Location"])
        raise AssertionError("sent round in circles")

    def _ask(self, method: str, path: str, body: bytes | None) -> Answered:
        headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        if body is not None:
            headers["Content-Type"] = FORM
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        parts = urlsplit(path)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self._client(method, target, body, headers=headers)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer
