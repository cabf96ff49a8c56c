"""Answers that are sent back, changed: their read-only fields may come with them, as they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from classbook.errors import Invalid

if TYPE_CHECKING:
    from classbook.web.bodies import Body

MOVING: Final = frozenset(
    ("status", "reserved", "available", "version", "reserved_slots", "available_slots", "state", "places", "expires_at",
     "position", "confirmed_at", "checked_in_at", "refund", "discount", "is_expired")
)  # fmt: skip
"""Read-only fields that move by themselves (places are taken, time passes): what a client read a moment ago is no
mistake. The others stay what they are, so that a different value is one."""

_STATES: Final = frozenset(("status", "state"))
"""Of those, what somebody might want to cancel with: what is cancelled stays so, so that nobody has read it before."""


def writable(body: type[Body]) -> frozenset[str]:
    """The fields of a body that change something; those of any type are read-only ones."""
    return frozenset(name for name, field in body.model_fields.items() if field.annotation is not Any)


def refuse_other_values(
    sent: dict[str, Any], present: dict[str, Any], *, read_only: Iterable[str], twins: Mapping[str, str]
) -> None:
    """Refuse (Invalid) a read-only field that is neither as it was nor what its twin in ``twins`` is to become."""
    for name in sorted(set(read_only).intersection(sent) & _STATES):
        if sent[name] == "cancelled" != present[name]:
            raise Invalid(f"{name} cannot be changed.", hint="There is an address of its own to cancel it.")
    for name in sorted(set(read_only).intersection(sent) - MOVING):
        twin_of = [twin for twin, common in twins.items() if common == name != twin]
        allowed = [present[name], *(sent[twin] for twin in twin_of if twin in sent)]
        if sent[name] not in allowed:
            raise Invalid(f"{name} cannot be changed.", hint="Leave it out, or send it back as it is.")
