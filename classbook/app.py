"""Wiring: the only place where the real clock, chance, mailer, secret key and database meet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from classbook.config import MailSettings, Settings
from classbook.rules.kinds import kind_named
from classbook.rules.policy import Policy, with_overrides
from classbook.store.database import Database
from classbook.store.schema import check_or_create
from classbook.world import Chance, Clock, MaildirMailer, Mailer, Passwords, SystemChance, SystemClock, secret_key


@dataclass(frozen=True, slots=True)
class App:
    """Everything a command needs; faces pass it to the core and know nothing of what is inside."""

    settings: Settings
    store: Database
    clock: Clock
    chance: Chance
    mailer: Mailer
    passwords: Passwords
    key: bytes = field(repr=False)

    def policy(self, kind: str, overrides: str = "{}") -> Policy:
        """The terms of an offering: its kind's, as configured, with its own on top."""
        return with_overrides(_configured(self.settings, kind), overrides)

    def new_message_id(self) -> str:
        """A Message-ID, given once and kept through every attempt to send."""
        return f"<{self.chance.nonce()}@{self.settings.mail.sender.rpartition('@')[2]}>"

    def close(self) -> None:
        """Give the database's connections back."""
        self.store.close()


def open_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    chance: Chance | None = None,
    mailer: Mailer | None = None,
    check_schema: bool = True,
) -> App:
    """Open the database and put everything together.

    An embedded database is created and migrated where it is not current; any other is refused then, with the command
    that migrates it. ``check_schema`` False is for the commands that look after the schema themselves. Raises Invalid
    or Unavailable with a sentence for the person at the keyboard.
    """
    clock = clock or SystemClock()
    store = Database(settings.database.url, clock=clock)
    try:
        if check_schema:
            check_or_create(store)
        beside = store.file.parent if store.file else (settings.path.parent if settings.path else Path())
        return App(
            settings=settings,
            store=store,
            clock=clock,
            chance=chance or SystemChance(),
            mailer=mailer or _mailer(settings.mail, beside=beside),
            passwords=Passwords(),
            key=secret_key(secret=settings.secret, secret_file=settings.secret_file, beside=beside),
        )
    except BaseException:
        store.close()
        raise


def _mailer(mail: MailSettings, *, beside: Path) -> Mailer:
    if mail.host is None:
        return MaildirMailer(mail.maildir or beside / "classbook-mail")
    from classbook.world.smtp import SmtpMailer

    return SmtpMailer(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        username=mail.username,
        password=mail.login_password(),
        timeout_seconds=mail.timeout_seconds,
        ca_file=mail.ca_file,
    )


@lru_cache(maxsize=64)
def _base(kind: str, overrides: tuple[tuple[str, object], ...]) -> Policy:
    return replace(kind_named(kind).policy, **dict(overrides))  # type: ignore[arg-type]


def _configured(settings: Settings, kind: str) -> Policy:
    return _base(kind, tuple(settings.policy.get(kind, {}).items()))
