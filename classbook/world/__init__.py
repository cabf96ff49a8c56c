"""What we do not control, behind small doors: the clock, chance, passwords, the secret key and mail.

The rest of the house takes these as arguments; `classbook.testing` has doubles for tests. Mail by SMTP is not named
here but in `classbook.world.smtp`, because few commands send mail and its imports are slow.
"""

from classbook.world.key import KEY_FILE, secret_key
from classbook.world.mail import (
    Courier,
    MaildirMailer,
    Mailer,
    MailError,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
)
from classbook.world.passwords import Passwords
from classbook.world.stationery import Stationery
from classbook.world.system import Chance, Clock, SystemChance, SystemClock

__all__ = [
    "KEY_FILE",
    "Chance",
    "Clock",
    "Courier",
    "MailError",
    "MailMisconfigured",
    "MailRefused",
    "MailUnavailable",
    "MaildirMailer",
    "Mailer",
    "Passwords",
    "Stationery",
    "SystemChance",
    "SystemClock",
    "secret_key",
]
