"""Every setting by its name, and what may be said for it."""

from __future__ import annotations

from typing import Any, Final

from classbook.errors import Invalid
from classbook.rules import allowed

PREFIX: Final = "CLASSBOOK_"
KINDS: Final = ("class", "event", "match", "appointment", "resource")
OWN_TIME_KINDS: Final = ("appointment", "resource")
"""The kinds whose time people pick themselves."""


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
POLICY_TERMS: Final = TERMS | OWN_TIME_TERMS
TERMS_OF: Final = dict.fromkeys(KINDS, TERMS) | dict.fromkeys(OWN_TIME_KINDS, POLICY_TERMS)
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


def variable(name: str) -> str:
    """The environment twin of a setting: ``mail.host`` is CLASSBOOK_MAIL_HOST."""
    return PREFIX + name.replace(".", "_").upper()


def checked(name: str, value: Any, *, where: str) -> Any:
    """What is meant by what was written for a setting ``where``. Raises Invalid."""
    parser = KEYS[name]
    try:
        return parser(value)
    except ValueError as error:
        private = parser in (allowed.secret, allowed.signing_secret, allowed.dsn) or "://" in str(value)
        shown = repr(value)
        got = "" if private or isinstance(value, dict | list) or len(shown) > 60 else f", not {shown}"
        raise Invalid(f"{where}: {name} must be {error}{got}.") from None
