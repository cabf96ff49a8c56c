"""Vouchers and wallets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from classbook.web.bodies.parts import Amount, Body, Short, Text, Whole, like


class NewVoucher(Body):
    """Takes off either an amount or a percentage."""

    code: Short = Field(description="3 to 40 letters, digits, - and _; large and small ones are the same.")
    amount: Amount | None = None
    percent: Whole | None = None
    uses: Whole | None = Field(None, description="How many reservations may be made with it; left out, any number.")
    per_person: Whole | None = Field(None, description="How many of these by one person.")
    valid_from: Text | None = Field(None, alias="from", description="ISO 8601, with an offset or in the house's zone.")
    valid_until: Text | None = Field(None, alias="until", description="The same; from then on it is no longer good.")
    offering: Whole | None = Field(None, description="The only offering it is for; an organizer names one.")

    model_config = like({"code": "SPRING-26", "percent": 20, "uses": 100, "per_person": 1})


class WalletChange(Body):
    amount: Amount

    model_config = like({"amount": "100.00"})


class Purchase(Body):
    reservation: Annotated[
        int | Short, Field(union_mode="left_to_right", description="Its id or its code.", examples=[1, "R-7KX9-2MQP"])
    ]
    otp: Short | None = Field(None, description="The six digits of the mail, where the hold needs them.")

    model_config = like({"reservation": 9})
