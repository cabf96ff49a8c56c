"""The money of a batch: what holding, confirming, moving, lapsing and cancelling places does in the ledger.

Holding reserves the price in the person's wallet, confirming pays it to whoever earns with the offering, a hold that
ends otherwise sets it free, and cancelling what was paid gives it back. The price is the one of the moment of the hold:
it is copied to the reservation, and what is charged is what was quoted. What a move does is in `rules.exchanges`: money
moves only for what is new and for what is given back, so a reservation may have several payments.
"""

from __future__ import annotations

from collections.abc import Sequence

from classbook.core.quotes import Change
from classbook.errors import InsufficientFunds
from classbook.rules.states import CANCELLED, CONFIRMED, HELD
from classbook.store.ledger import NewTransfer, Payment, Till, WalletRecord
from classbook.store.records import ReservationRecord
from classbook.store.scene import Scene
from classbook.values import Actor, Money


class Purse:
    """Follows the steps of a batch, each seeing what the ones before it left in the wallets."""

    def __init__(self, scene: Scene):
        self._scene = scene

    def why_not_pay(
        self,
        person_id: int,
        asked: Money | None,
        *,
        instead_of: Sequence[ReservationRecord] = (),
        back: Money | None = None,
    ) -> InsufficientFunds | None:
        """Why somebody cannot pay that much now, with what they would get back for ``instead_of``, and ``back``."""
        if asked is None or not asked.minor:
            return None
        wallet = self._till.wallet_of.get((person_id, asked.currency))
        available = wallet.available_minor if wallet else 0
        available += sum(_returns(record, asked.currency) for record in instead_of)
        available += back.minor if back else 0
        if available >= asked.minor:
            return None
        return InsufficientFunds(
            f"It costs {asked}, and {Money(available, asked.currency)} is available in the wallet.",
            hint=f"Top up the wallet by {Money(asked.minor - available, asked.currency)} or more.",
        )

    def follow(
        self, record: ReservationRecord, before: str | None, actor: Actor, *, refund: Money | None = None
    ) -> None:
        """Do what a step of ``record``, from the state ``before`` to its present one, means for its money.

        ``refund`` is what comes back where it was paid and is cancelled: None is all of it.
        """
        if not record.price_minor or record.person_id is None:
            return
        price = Money(record.price_minor, record.currency or "")
        if record.state == HELD:
            self._reserve(record, actor, price)
        elif before == HELD:
            self._resolve(record, actor, state="posted" if record.state == CONFIRMED else "voided")
        elif before == CONFIRMED and record.state == CANCELLED:
            self._give_back(record, actor, price if refund is None else refund)

    def paid(self, record: ReservationRecord) -> Money | None:
        """What was paid for a confirmed reservation, None where that is nothing."""
        if record.state != CONFIRMED or not record.price_minor or record.person_id is None:
            return None
        return Money(record.price_minor, record.currency or "")

    def refund(self, record: ReservationRecord) -> Money | None:
        """What came back of a reservation that was paid and then cancelled."""
        if not record.is_refunded or record.person_id is None:
            return None
        kept = sum(payment.kept_minor for payment in self._till.payments[record.id])
        return Money(record.once_paid_minor - kept, record.currency or "")

    def exchange(self, record: ReservationRecord, change: Change, actor: Actor) -> None:
        """Settle a change of places, the reservation being what it was: give back, then charge what is new."""
        if record.person_id is None or change.price is None:
            return
        if record.state == CONFIRMED:
            if change.refund and change.refund.minor:
                self._give_back(record, actor, change.refund)
            if change.charged and change.charged.minor:
                self._reserve(record, actor, change.charged)
                self._resolve(record, actor, state="posted")
        elif change.price.minor != (record.price_minor or 0):
            if record.price_minor:
                self._resolve(record, actor, state="voided")
            if change.price.minor:
                self._reserve(record, actor, change.price)

    def _reserve(self, record: ReservationRecord, actor: Actor, amount: Money) -> None:
        wallet, before = self._wallet(record, amount.currency), self._till.payments.setdefault(record.id, [])
        # What became free meanwhile has nobody any more who earns with it: then it is who did.
        earner_id = before[-1].to_id if before else self._till.earner_of[record.offering_id]
        payment = Payment(
            None, record.id, len(before) + 1, wallet.id, earner_id, amount.minor, amount.currency, "pending", 0
        )
        before.append(payment)
        wallet.held_minor += payment.amount_minor
        self._write("payment", payment, payment.amount_minor, actor)

    def _resolve(self, record: ReservationRecord, actor: Actor, *, state: str) -> None:
        """Post or void the payment that is open: the last one."""
        payment = self._till.payments[record.id][-1]
        wallet = self._wallet(record, payment.currency)
        payment.state = state
        wallet.held_minor -= payment.amount_minor
        if state == "posted":
            wallet.balance_minor -= payment.amount_minor
        self._write("payment", payment, payment.amount_minor, actor)

    def _give_back(self, record: ReservationRecord, actor: Actor, refund: Money) -> None:
        """Return that much of what was paid, of the last payment first."""
        wallet, left_minor = self._wallet(record, refund.currency), refund.minor
        for payment in reversed(self._till.payments[record.id]):
            due_minor = min(left_minor, payment.kept_minor)
            if due_minor:
                payment.refunded_minor += due_minor
                wallet.balance_minor += due_minor
                left_minor -= due_minor
                self._write("refund", payment, due_minor, actor)
        assert not left_minor, "more is given back than was paid"

    def _write(self, kind: str, payment: Payment, amount_minor: int, actor: Actor) -> None:
        state = "posted" if kind == "refund" else payment.state
        self._till.new.append(
            NewTransfer(kind, state, payment, amount_minor, actor.person_id, actor.request_id or None)
        )

    def _wallet(self, record: ReservationRecord, currency: str) -> WalletRecord:
        return self._till.wallet_of[record.person_id or 0, currency]

    @property
    def _till(self) -> Till:
        assert self._scene.till is not None, "the ledger was not loaded for something that has a price"
        return self._scene.till


def _returns(record: ReservationRecord, currency: str) -> int:
    """What would be free to spend again if a reservation gave way to another one."""
    holds_money = record.state in (HELD, CONFIRMED) and record.currency == currency
    return (record.price_minor or 0) if holds_money else 0
