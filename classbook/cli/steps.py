"""What a hint's steps are at a terminal: the command to type, or the option that is missing."""

from __future__ import annotations

from typing import Final

from classbook.errors import Steps

COMMANDS: Final[Steps] = {
    "confirm": "`classbook confirm {reservation}`",
    "cancel": "`classbook cancel {reservation}`",
    "list reservations": "`classbook reservation list`",
    "list class": "`classbook class list`",
    "list event": "`classbook event list`",
    "list match": "`classbook match list`",
    "list appointment": "`classbook provider list`",
    "list resource": "`classbook resource list`",
    "list venues": "`classbook venue list`",
    "list people": "`classbook user list`",
    "list mails": "`classbook mail list`",
    "list webhooks": "`classbook webhook list`",
    "enable webhook": "`classbook webhook enable {webhook}`",
    "list deliveries": "`classbook webhook deliveries`",
    "see free times": "`classbook slots OFFERING`",
    "add seats": "`classbook venue import FILE --venue {venue}`",
    "withdraw": "`classbook wallet withdraw {amount} --wallet {wallet}`",
    "wait in line": "--queue",
    "name an actor": "--as",
    "agree": "--yes",
    "name a person": "--user EMAIL",
    "name a field": "--name",
    "only look": "--dry-run",
    "migrate": "`classbook db upgrade`",
    "repair": "`classbook audit --repair`",
    "examine": "`classbook doctor`",
}
