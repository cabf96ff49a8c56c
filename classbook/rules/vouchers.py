"""Vouchers: codes that take something off a price, and what speaks against using one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from classbook.errors import ClassbookError, Invalid, LimitReached, NotAllowedNow, NotFound, TooEarly, TooLate
from classbook.rules.permits import Bookable
from classbook.rules.when import format_local
from classbook.values import Money

MOST_USES: Final = 1_000_000

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Voucher:
    """The terms of a voucher; all but ``cancelled_at`` are for ever. Either an amount or a percentage is taken off."""

    id: int
    code: str
    creator_id: int | None
    offering_id: int | None
    """The only one it is for; None for all."""
    amount: Money | None
    percent: int | None
    uses: int | None
    per_person: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_at: datetime
    cancelled_at: datetime | None


def clean_code(text: str) -> str:
    """A code as it is kept; large and small letters are the same. Raises Invalid."""
    found = known_as(text)
    if found is None:
        raise Invalid("A voucher's code is 3 to 40 letters, digits, - and _.", hint="Write it like SPRING-26.")
    return found


def known_as(text: str) -> str | None:
    """The code behind what somebody typed; None for what can be none."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else None


def discount(voucher: Voucher, price: Money) -> Money:
    """What is taken off a price, never more than all of it. A percentage is rounded down to whole minor units."""
    off = voucher.amount.minor if voucher.amount else price.minor * (voucher.percent or 0) // 100
    return Money(min(off, price.minor), price.currency)


def unknown(code: str) -> NotFound:
    shown = code if len(code) <= 40 else f"{code[:40]}…"
    return NotFound(f"There is no voucher {shown!r}.", hint="Look at how it is written, or leave it out.")


def against_voucher(voucher: Voucher, offering: Bookable, *, offering_id: int, currency: str | None) -> Iterator[
    ClassbookError
]:  # fmt: skip
    """Why that voucher is not for that offering."""
    if voucher.offering_id not in (None, offering_id):
        yield Invalid(f"The voucher {voucher.code} is not for {offering.title}.")
    if currency is None:
        yield Invalid(f"{offering.title} costs nothing, so there is nothing to take off.", hint="Leave it out.")
    elif voucher.amount and voucher.amount.currency != currency:
        yield Invalid(f"The voucher {voucher.code} is in {voucher.amount.currency}, and the price in {currency}.")
    if voucher.cancelled_at is not None:
        yield NotAllowedNow(f"The voucher {voucher.code} was cancelled.")


def against_date(voucher: Voucher, *, now: datetime, timezone: str) -> Iterator[ClassbookError]:
    """Why it is not good now."""
    zone = ZoneInfo(timezone)
    if voucher.valid_from is not None and now < voucher.valid_from:
        yield TooEarly(f"The voucher {voucher.code} is good from {format_local(voucher.valid_from, zone)} on.")
    if voucher.valid_until is not None and now >= voucher.valid_until:
        yield TooLate(f"The voucher {voucher.code} was good until {format_local(voucher.valid_until, zone)}.")


def against_use(voucher: Voucher, *, used: int, used_by_person: int, name: str) -> Iterator[ClassbookError]:
    """Why it cannot be used once more."""
    if voucher.uses is not None and used >= voucher.uses:
        yield LimitReached(f"The voucher {voucher.code} is used up.")
    if voucher.per_person is not None and used_by_person >= voucher.per_person:
        times = "once" if used_by_person == 1 else f"{used_by_person} times"
        yield LimitReached(f"{name} has used the voucher {voucher.code} {times} already.")
