"""What a start is told, as values with their defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from classbook.errors import Invalid
from classbook.secret import Secret

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

DEFAULT_DATABASE: Final = "sqlite:///classbook.db"


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    url: str = field(default=DEFAULT_DATABASE, repr=False)

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", self.url)

    @property
    def file(self) -> Path | None:
        """The database file; None on PostgreSQL and for a database in memory."""
        name = self.url.partition(":///")[2].partition("?")[0]
        return Path(name) if self.url.startswith("sqlite") and name and name != ":memory:" else None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes: an SMTP ``host``, or a ``maildir`` where no host is set (None: beside the database)."""

    host: str | None = None
    port: int = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: Secret | None = None
    password_file: Path | None = None
    sender: str = "classbook@localhost"
    timeout_seconds: int = 10
    ca_file: Path | None = None
    maildir: Path | None = None
    templates: Path | None = None
    """A folder with texts of one's own for the letters."""
    reminder_hours: int = 24
    """How long before the start people are reminded; 0: never."""
    reminder_hours_of: Mapping[str, int] = field(default_factory=dict)
    """The same for kinds that differ in it."""
    completed: bool = False
    """Whether a mail says that something is over."""

    def reminder_hours_for(self, kind: str) -> int:
        """How long before the start people are reminded of what is of that kind."""
        return self.reminder_hours_of.get(kind, self.reminder_hours)

    def login_password(self) -> Secret | None:
        """The password, read from ``password_file`` now if that is where it is. Raises `Invalid`."""
        if self.password or not self.password_file:
            return self.password
        return Secret(read_text(self.password_file, of="mail.password_file").strip())


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``public_url`` None: the daemon's own address."""

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    workers: int = 1
    access_minutes: int = 15
    refresh_days: int = 30
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics: bool = False
    """Whether ``/metrics`` answers."""

    @property
    def address(self) -> str:
        """What links in mails start with, without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """``self_top_up``: whether people may put money into their own wallet by themselves; no gateway checks that."""

    self_top_up: bool = True


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """``allow_local``: whether webhooks may be in one's own network and without TLS, where nobody else adds any."""

    allow_local: bool = False


@dataclass(frozen=True, slots=True)
class ThrottleSettings:
    """How often one may fail in so many ``minutes``: at one account, and from one network address."""

    minutes: int = 15
    account_failures: int = 10
    address_failures: int = 100
    address_mails: int = 1000
    """Sign-ups and requests for a code from one network address: each of them sends a mail."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """``file`` None: standard error."""

    file: Path | None = None
    level: str = "info"
    max_bytes: int = 10_000_000
    backups: int = 5
    sentry_dsn: Secret | None = None
    """Where accidents are reported to, besides the log; None: nowhere."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """For how long is kept what nobody needs for a booking: what mails said, answers to request keys, old logs."""

    mail_days: int = 90
    key_days: int = 1
    log_days: int = 30


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a start is told. ``policy`` has, for each kind, only what differs from that kind's own default."""

    timezone: str = "UTC"
    currency: str = "EUR"
    secret: Secret | None = None
    secret_file: Path | None = None
    database: DatabaseSettings = DatabaseSettings()
    mail: MailSettings = MailSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    wallet: WalletSettings = WalletSettings()
    webhook: WebhookSettings = WebhookSettings()
    retention: RetentionSettings = RetentionSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    policy: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    path: Path | None = None
    unknown_variables: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def read_text(path: Path, *, of: str) -> str:
    """A text file of somebody's own; ``of`` says what it is. Raises Invalid."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Invalid(f"{path}, line {line}: this is not UTF-8 text.", hint="Save the file as UTF-8.") from None
    except OSError as error:
        raise Invalid(f"{of} {path} cannot be read: {error.strerror}.") from None
