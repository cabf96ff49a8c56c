"""The money of a batch: what holding, confirming, moving, lapsing and cancelling places does in the ledger.

Holding reserves the price in the person's wallet, confirming pays it to whoever earns with the offering, a hold that
ends otherwise sets it free, and cancelling what was paid gives it back. The price is the one of the moment of the hold:
it is copied to the reservation, and what is charged is what was quoted. A move is quoted anew.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        self, person_id: int, asked: Money | None, *, instead_of: Sequence[ReservationRecord] = ()
    ) -> InsufficientFunds | None:
        """Why somebody cannot pay that much now, with what they would get back for ``instead_of``."""
        if asked is None:
            return None
        wallet = self._till.wallet_of.get((person_id, asked.currency))
        available = wallet.available_minor if wallet else 0
        available += sum(self._returns(record, asked.currency) for record in instead_of)
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
        if record.state == HELD:
            self._reserve(record, actor)
        elif before == HELD:
            self._resolve(record, actor, state="posted" if record.state == CONFIRMED else "voided")
        elif before == CONFIRMED and record.state == CANCELLED:
            self._give_back(record, actor, refund)

    def take_back(self, record: ReservationRecord, actor: Actor) -> None:
        """Undo what was reserved or paid for a reservation that is about to have another price."""
        if not record.price_minor or record.person_id is None:
            return
        if record.state == CONFIRMED:
            self._give_back(record, actor)
        else:
            self._resolve(record, actor, state="voided")

    def paid(self, record: ReservationRecord) -> Money | None:
        """What was paid for a confirmed reservation, None where that is nothing."""
        if record.state != CONFIRMED or not record.price_minor or record.person_id is None:
            return None
        return Money(record.price_minor, record.currency or "")

    def refund(self, record: ReservationRecord) -> Money | None:
        """What came back of a reservation that was paid and then cancelled."""
        if not record.is_refunded or record.person_id is None:
            return None
        return Money(self._till.payments[record.id].refunded_minor, record.currency or "")

    def charge(self, record: ReservationRecord, actor: Actor) -> None:
        """Reserve, and where it is confirmed pay, the other price."""
        if not record.price_minor or record.person_id is None:
            return
        self._reserve(record, actor)
        if record.state == CONFIRMED:
            self._resolve(record, actor, state="posted")

    def _reserve(self, record: ReservationRecord, actor: Actor) -> None:
        assert record.price_minor and record.currency
        wallet = self._wallet(record)
        earner_id = self._till.earner_of[record.offering_id]
        last = self._till.payments.get(record.id)
        payment = Payment(
            None, record.id, last.n + 1 if last else 1, wallet.id, earner_id, record.price_minor, record.currency,
            "pending", 0,
        )  # fmt: skip
        self._till.payments[record.id] = payment
        wallet.held_minor += payment.amount_minor
        self._write("payment", payment, payment.amount_minor, actor)

    def _resolve(self, record: ReservationRecord, actor: Actor, *, state: str) -> None:
        wallet, payment = self._wallet(record), self._till.payments[record.id]
        payment.state = state
        wallet.held_minor -= payment.amount_minor
        if state == "posted":
            wallet.balance_minor -= payment.amount_minor
        self._write("payment", payment, payment.amount_minor, actor)

    def _give_back(self, record: ReservationRecord, actor: Actor, refund: Money | None = None) -> None:
        wallet, payment = self._wallet(record), self._till.payments[record.id]
        due_minor = payment.returns_minor if refund is None else refund.minor
        if not due_minor:
            return
        payment.refunded_minor += due_minor
        wallet.balance_minor += due_minor
        self._write("refund", payment, due_minor, actor)

    def _returns(self, record: ReservationRecord, currency: str) -> int:
        """What would come back if a reservation were given up."""
        payment = self._till.payments.get(record.id)
        return payment.returns_minor if payment and payment.currency == currency else 0

    def _write(self, kind: str, payment: Payment, amount_minor: int, actor: Actor) -> None:
        state = "posted" if kind == "refund" else payment.state
        self._till.new.append(
            NewTransfer(kind, state, payment, amount_minor, actor.person_id, actor.request_id or None)
        )

    def _wallet(self, record: ReservationRecord) -> WalletRecord:
        return self._till.wallet_of[record.person_id or 0, record.currency or ""]

    @property
    def _till(self) -> Till:
        assert self._scene.till is not None, "the ledger was not loaded for something that has a price"
        return self._scene.till
