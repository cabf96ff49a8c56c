"""The settings of one start: ``classbook.toml`` < ``CLASSBOOK_*`` environment < command line flags.

`Settings` says what there is; `load` says where it comes from. A key that nobody knows, a value of the wrong kind or
a file that is not TOML stops the start with one line that names file, line, key and what would be allowed.
A key ``port`` of section ``[web]`` is ``CLASSBOOK_WEB_PORT`` in the environment. Empty variables count as unset.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from zoneinfo import ZoneInfo

from classbook.errors import Invalid
from classbook.rules import allowed
from classbook.secret import Secret

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

FILE_NAME: Final = "classbook.toml"
PREFIX: Final = "CLASSBOOK_"
DEFAULT_DATABASE: Final = "sqlite:///classbook.db"
KINDS: Final = ("class", "event", "match", "appointment", "resource")
OWN_TIME_KINDS: Final = ("appointment", "resource")
"""The kinds whose time people pick themselves."""


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
        return Secret(_read(self.password_file, of="mail.password_file").strip())


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


def load(*, config_path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str]) -> Settings:
    """Read the settings. ``overrides`` are flags, named like ``database.url``. Raises `Invalid`.

    Without a ``config_path`` the file is looked for (`find_file`); having none is fine.
    """
    path = config_path or find_file(environ)
    values: dict[str, Any] = {}
    if path is not None:
        values |= _from_file(path)
    values |= _from_environment(environ)
    for name, text in overrides.items():
        flag = "database" if name == "database.url" else name.rpartition(".")[2]
        values[name] = _checked(name, text, where=f"--{flag}")
    values.setdefault("timezone", system_timezone(environ))
    values.setdefault("mail.port", {"none": 25, "tls": 465}.get(values.get("mail.security", ""), 587))
    return Settings(
        **{name: value for name, value in values.items() if "." not in name},
        database=DatabaseSettings(**_section(values, "database")),
        mail=MailSettings(**_section(values, "mail"), reminder_hours_of=_section(values, "mail.reminder_hours_of")),
        web=WebSettings(**_section(values, "web")),
        log=LogSettings(**_section(values, "log")),
        wallet=WalletSettings(**_section(values, "wallet")),
        webhook=WebhookSettings(**_section(values, "webhook")),
        retention=RetentionSettings(**_section(values, "retention")),
        throttle=ThrottleSettings(**_section(values, "throttle")),
        policy={kind: found for kind in KINDS if (found := _section(values, f"policy.{kind}"))},
        path=path,
        unknown_variables=_unknown_variables(environ),
    )


def find_file(environ: Mapping[str, str]) -> Path | None:
    """``./classbook.toml``, else ``$XDG_CONFIG_HOME/classbook/classbook.toml``, else none."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or os.sep, ".config")
    for path in (Path(FILE_NAME), Path(home, "classbook", FILE_NAME)):
        if os.path.exists(path):
            return path
    return None


def system_timezone(environ: Mapping[str, str]) -> str:
    """The IANA name of the zone this machine runs in; UTC where it does not say."""
    linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    for name in (environ.get("TZ", "").removeprefix(":"), linked):
        if name and name != "localtime" and allowed.is_zone(name):
            return "UTC" if name == "Etc/UTC" else name
    return "UTC"


def variable(name: str) -> str:
    """The environment twin of a setting: ``mail.host`` is CLASSBOOK_MAIL_HOST."""
    return PREFIX + name.replace(".", "_").upper()


# --- what there is -------------------------------------------------------------------------------------------------


def _database(value: Any) -> str:
    address = allowed.text(value)
    scheme, separator, rest = address.partition("://")
    if scheme == "postgres":
        scheme = "postgresql"
    if not separator or scheme not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise ValueError("sqlite:///FILE or postgresql://USER@HOST/DATABASE")
    if scheme == "sqlite" and rest and not rest.startswith("/"):
        raise ValueError("sqlite:///FILE, with three slashes (four for an absolute path)")
    return f"{scheme}://{rest}"


TERMS: Final[dict[str, tuple[str, allowed.Parser]]] = {
    "confirm": ("confirm", allowed.one_of("code", "self", "payment", "none")),
    "hold": ("hold_seconds", allowed.positive_duration),
    "offer": ("offer_seconds", allowed.positive_duration),
    "queues": ("queues", allowed.switch),
    "notice": ("notice_seconds", allowed.duration),
    "horizon": ("horizon_seconds", allowed.positive_duration),
    "party_max": ("party_max", allowed.whole(1, 100_000)),
    "max_per_person": ("max_per_person", allowed.whole(1, 100_000)),
    "open_holds": ("open_holds", allowed.whole(0, 100_000)),
    "pause_after": ("pause_after_lapses", allowed.whole(0, 100_000)),
    "cancel_until": ("cancel_until_seconds", allowed.duration),
    "refund_full": ("refund_full_seconds", allowed.duration),
    "refund_share": ("refund_share_percent", allowed.whole(0, 100)),
    "refund_share_until": ("refund_share_seconds", allowed.duration),
    "check_in": ("check_in", allowed.switch),
    "check_in_from": ("check_in_from_seconds", allowed.duration),
    "grace": ("grace_seconds", allowed.duration),
}
"""The terms of every kind: what the settings call them, and the policy with its unit."""

OWN_TIME_TERMS: Final[dict[str, tuple[str, allowed.Parser]]] = {
    "per_day": ("per_day", allowed.whole(1, 1000)),
    "on_second": ("on_second", allowed.one_of("reject", "replace")),
    "slot": ("slot_seconds", allowed.step),
    "grid": ("grid_seconds", allowed.step),
    "min": ("min_seconds", allowed.duration),
    "max": ("max_seconds", allowed.positive_duration),
    "buffer_before": ("before_seconds", allowed.duration),
    "buffer_after": ("after_seconds", allowed.duration),
}
"""The terms of the kinds whose time people pick themselves."""

_POLICY: Final = TERMS | OWN_TIME_TERMS
TERMS_OF: Final = dict.fromkeys(KINDS, TERMS) | dict.fromkeys(OWN_TIME_KINDS, _POLICY)
"""The terms that the settings may give to a kind."""

_REMINDER_HOURS: Final = allowed.whole(0, 24 * 14)
KEYS: Final[dict[str, allowed.Parser]] = {
    "timezone": allowed.zone,
    "currency": allowed.currency,
    "secret": allowed.signing_secret,
    "secret_file": allowed.path,
    "database.url": _database,
    "mail.host": allowed.text,
    "mail.port": allowed.whole(1, 65535),
    "mail.security": allowed.one_of("none", "starttls", "tls"),
    "mail.username": allowed.text,
    "mail.password": allowed.secret,
    "mail.password_file": allowed.path,
    "mail.sender": allowed.address,
    "mail.timeout_seconds": allowed.whole(1, 600),
    "mail.ca_file": allowed.path,
    "mail.maildir": allowed.path,
    "web.host": allowed.text,
    "web.port": allowed.whole(0, 65535),
    "web.public_url": allowed.url,
    "web.workers": allowed.whole(1, 64),
    "mail.templates": allowed.path,
    "mail.reminder_hours": _REMINDER_HOURS,
    **{f"mail.reminder_hours_of.{kind}": _REMINDER_HOURS for kind in KINDS},
    "mail.completed": allowed.flag,
    "web.access_minutes": allowed.whole(1, 24 * 60),
    "web.refresh_days": allowed.whole(1, 366),
    "web.trusted_proxies": allowed.networks,
    "web.metrics": allowed.flag,
    "log.file": allowed.path,
    "log.level": allowed.one_of("debug", "info", "warning", "error"),
    "log.max_bytes": allowed.whole(0, 1 << 40),
    "log.backups": allowed.whole(0, 1000),
    "log.sentry_dsn": allowed.dsn,
    "wallet.self_top_up": allowed.flag,
    "webhook.allow_local": allowed.flag,
    "retention.mail_days": allowed.whole(1, 3650),
    "retention.key_days": allowed.whole(1, 3650),
    "retention.log_days": allowed.whole(1, 3650),
    "throttle.minutes": allowed.whole(1, 24 * 60),
    "throttle.account_failures": allowed.whole(1, 1_000_000),
    "throttle.address_failures": allowed.whole(1, 1_000_000),
    "throttle.address_mails": allowed.whole(1, 1_000_000),
    **{f"policy.{kind}.{name}": parser for kind in KINDS for name, (_, parser) in TERMS_OF[kind].items()},
}
"""Every setting there is, by its name."""

_SECTIONS: Final = frozenset(
    part for name in KEYS for depth in range(1, name.count(".") + 1) for part in [".".join(name.split(".")[:depth])]
)
_VARIABLES: Final = {variable(name): name for name in KEYS}
_OTHER_VARIABLES: Final = frozenset(
    PREFIX + name for name in ("CONFIG", "AS", "JSON", "QUIET", "NO_COLOR", "VERBOSE", "TEST_PG", "TEST_POSTGRES")
)
"""Variables that are read elsewhere: the global options of the command line and the tests."""


def _section(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The keyword arguments of a section's dataclass (a policy's keys carry their unit there: ``hold_seconds``)."""
    found = {
        key: value for name, value in values.items() for within, _, key in [name.rpartition(".")] if within == section
    }
    return {_POLICY[name][0]: value for name, value in found.items()} if section.startswith("policy.") else found


# --- the file ------------------------------------------------------------------------------------------------------


def _from_file(path: Path) -> dict[str, Any]:
    text = _read(path, of="The configuration")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{path}: this is not TOML: {error}.", hint=f"Mend {path}, or move it away.") from None
    values: dict[str, Any] = {}
    for name, value in _leaves(tree):
        line = _line_of(name, text)
        where = f"{path}{f', line {line}' if line else ''}"
        if name == "secret":
            raise Invalid(
                f"{where}: a secret does not belong into the configuration file.",
                hint=f"Put it into a file of its own (0600) and name that as secret_file, or set {variable('secret')}.",
            )
        if name not in KEYS:
            _refuse_unknown(name, value, where=where)
        values[name] = _beside(path, _checked(name, value, where=where))
        if _tells_a_password(name, values[name]):
            _refuse_readable_by_others(path, where=f"{where}: {name}")
    return values


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name in _SECTIONS:
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _refuse_unknown(name: str, value: Any, *, where: str) -> NoReturn:
    if name in _SECTIONS:
        raise Invalid(f"{where}: {name} must be a section.", hint=f"Write [{name}] on a line of its own.")
    section, _, key = name.rpartition(".")
    siblings = sorted(
        {known.removeprefix(section + ".").partition(".")[0] for known in KEYS if known.startswith(section + ".")}
        if section
        else {known.partition(".")[0] for known in KEYS} - {"secret"}
    )
    what = f"unknown section [{name}]" if isinstance(value, dict) else f"unknown key {key}"
    place = f" in [{section}]" if section and not isinstance(value, dict) else ""
    raise Invalid(f"{where}: {what}{place}{allowed.near(key, siblings)}.", hint=f"Known here: {', '.join(siblings)}.")


def _checked(name: str, value: Any, *, where: str) -> Any:
    parser = KEYS[name]
    try:
        return parser(value)
    except ValueError as error:
        private = parser in (allowed.secret, allowed.signing_secret, allowed.dsn) or "://" in str(value)
        shown = repr(value)
        got = "" if private or isinstance(value, dict | list) or len(shown) > 60 else f", not {shown}"
        raise Invalid(f"{where}: {name} must be {error}{got}.") from None


def _beside(path: Path, value: Any) -> Any:
    """Relative paths in a file count from that file, so that it means the same from every directory."""
    if isinstance(value, Path):
        return path.parent / value
    if isinstance(value, str) and value.startswith("sqlite:///"):
        name, _, query = value.removeprefix("sqlite:///").partition("?")
        if name and name != ":memory:" and not name.startswith("file:"):
            return f"sqlite:///{path.parent / name}" + (f"?{query}" if query else "")
    return value


def _tells_a_password(name: str, value: Any) -> bool:
    return name == "mail.password" or name == "database.url" and DatabaseSettings(value).shown != value


def _refuse_readable_by_others(path: Path, *, where: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Invalid(
            f"{where} holds a password, and others on this machine may read the file (mode {mode:04o}).",
            hint=f"Type `chmod 600 {path}`.",
        )


def _read(path: Path, *, of: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Invalid(f"{path}, line {line}: this is not UTF-8 text.", hint="Save the file as UTF-8.") from None
    except OSError as error:
        raise Invalid(f"{of} {path} cannot be read: {error.strerror}.") from None


def _line_of(name: str, text: str) -> int | None:
    """The line on which a key or a section is written, as far as a look at the lines can tell."""
    section, _, key = name.rpartition(".")
    here = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := re.match(r"\s*\[{1,2}\s*([^\]#]+?)\s*\]", line):
            here = re.sub(r"[\s\"']", "", found[1])
            if here == name:
                return number
        elif here == section and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return number
    return None


# --- the environment -----------------------------------------------------------------------------------------------


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: _checked(name, text, where=known)
        for known, name in _VARIABLES.items()
        if (text := environ.get(known, "")) != ""
    }


def _unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = _VARIABLES.keys() | _OTHER_VARIABLES
    return tuple(sorted(name for name in environ if name.startswith(PREFIX) and name not in known))


def near_variable(name: str) -> str | None:
    """The known variable that somebody may have meant."""
    known = [each.removeprefix(PREFIX) for each in (*_VARIABLES, *_OTHER_VARIABLES)]
    # Without what all of them begin with: that alone would make any two alike.
    found = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    return f"{PREFIX}{found[0]}" if found else None
