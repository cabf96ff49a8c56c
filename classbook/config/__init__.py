"""The settings of one start: ``classbook.toml`` < ``CLASSBOOK_*`` environment < command line flags.

`Settings` says what there is; `load` says where it comes from. A key that nobody knows, a value of the wrong kind or
a file that is not TOML stops the start with one line that names file, line, key and what would be allowed.
A key ``port`` of section ``[web]`` is ``CLASSBOOK_WEB_PORT`` in the environment. Empty variables count as unset.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classbook.config.environment import from_environment, near_variable, system_timezone, unknown_variables
from classbook.config.file import FILE_NAME, find_file, from_file
from classbook.config.keys import KEYS, KINDS, OWN_TIME_KINDS, POLICY_TERMS, PREFIX, TERMS_OF, checked, variable
from classbook.config.settings import (
    DatabaseSettings,
    LogSettings,
    MailSettings,
    RetentionSettings,
    Settings,
    ThrottleSettings,
    WalletSettings,
    WebhookSettings,
    WebSettings,
)

__all__ = [
    "FILE_NAME",
    "KEYS",
    "KINDS",
    "OWN_TIME_KINDS",
    "PREFIX",
    "TERMS_OF",
    "DatabaseSettings",
    "LogSettings",
    "MailSettings",
    "RetentionSettings",
    "Settings",
    "ThrottleSettings",
    "WalletSettings",
    "WebSettings",
    "WebhookSettings",
    "find_file",
    "load",
    "near_variable",
    "system_timezone",
    "variable",
]


def load(*, config_path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str]) -> Settings:
    """Read the settings. ``overrides`` are flags, named like ``database.url``. Raises `Invalid`.

    Without a ``config_path`` the file is looked for (`find_file`); having none is fine.
    """
    path = config_path or find_file(environ)
    values: dict[str, Any] = {}
    if path is not None:
        values |= from_file(path)
    values |= from_environment(environ)
    for name, text in overrides.items():
        flag = "database" if name == "database.url" else name.rpartition(".")[2]
        values[name] = checked(name, text, where=f"--{flag}")
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
        unknown_variables=unknown_variables(environ),
    )


def _section(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The keyword arguments of a section's dataclass (a policy's keys carry their unit there: ``hold_seconds``)."""
    found = {
        key: value for name, value in values.items() for within, _, key in [name.rpartition(".")] if within == section
    }
    return {POLICY_TERMS[name][0]: value for name, value in found.items()} if section.startswith("policy.") else found
