"""The letters of a reservation, from the hold to what became of it."""

from __future__ import annotations

from classbook.rules.blocks import Block, Details, Link, Paragraph
from classbook.rules.letters.phrases import (
    Draft,
    Facts,
    are,
    details,
    greeting,
    how_to_confirm,
    moment,
    ticket,
    way_out,
    were,
    what_and_when,
    your_places,
)
from classbook.rules.states import CONFIRMED, QUEUED


def held(facts: Facts, code: str | None, link: str | None) -> Draft:
    what = f'{your_places(facts)} in "{facts.title}" {are(facts)} held for you'
    subject = f"{code} is your code for {facts.title}" if code else f"Held for you: {facts.title}"
    blocks: list[Block] = [greeting(facts), *how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            Paragraph(f"Do it before {moment(facts.expires_at, facts)}. From then on others can take what you held.")
        )
    return subject, [*blocks, details(facts), Paragraph("You did not ask for this? Then do nothing, and it lapses.")]


def offered(facts: Facts, code: str | None, link: str | None) -> Draft:
    what = f'Your turn has come: {your_places(facts).lower()} in "{facts.title}" {are(facts)} free and held for you'
    subject = f"{code} is your code for {facts.title}: your turn" if code else f"Your turn: {facts.title}"
    blocks: list[Block] = [greeting(facts), *how_to_confirm(what, code, link)]
    if facts.expires_at:
        blocks.append(
            Paragraph(f"Do it before {moment(facts.expires_at, facts)}. Then it is offered to the next in line.")
        )
    return subject, [*blocks, details(facts)]


def queued(facts: Facts, code: str | None, link: str | None) -> Draft:
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'You are in line for "{facts.title}". As soon as there is room for you, we write to you.'),
        details(facts),
        *way_out(facts),
    ]
    return f"In line: {facts.title}", blocks


def active(facts: Facts, code: str | None, link: str | None) -> Draft:
    """Who waited is told that the wait is over; everything else is what a confirmed letter says."""
    free = f'A place in "{facts.title}"' if facts.party == 1 else f'{facts.party} places in "{facts.title}"'
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f"{free} became free, and your booking is active now. You need not confirm it. See you there!"),
        details(facts),
        *ticket(facts),
        *way_out(facts),
    ]
    return f"Active now: {facts.title}", blocks


def confirmed(facts: Facts, code: str | None, link: str | None) -> Draft:
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'{your_places(facts)} in "{facts.title}" {are(facts)} confirmed. See you there!'),
        details(facts),
        *ticket(facts),
        *way_out(facts),
    ]
    return f"Confirmed: {facts.title}", blocks


def reminder(facts: Facts, code: str | None, link: str | None) -> Draft:
    when = f" on {moment(facts.starts_at, facts)}" if facts.starts_at else " soon"
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'"{facts.title}" begins{when}, and {your_places(facts).lower()} {are(facts)} confirmed.'),
        details(facts),
        *ticket(facts),
        Paragraph("You cannot come? Then please cancel, so that others can."),
        *([Link(facts.page)] if facts.page else []),
    ]
    return f"Reminder: {facts.title}", blocks


def completed(facts: Facts, code: str | None, link: str | None) -> Draft:
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'"{facts.title}" is over. Thank you, and until next time!'),
        details(facts),
    ]
    return f"Thank you: {facts.title}", blocks


def moved(facts: Facts, code: str | None, link: str | None) -> Draft:
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'Your reservation for "{facts.title}" was changed. This is what holds now:'),
        *_money_of_change(facts),
        details(facts),
        *ticket(facts),
        *way_out(facts),
    ]
    return f"Changed: {facts.title}", blocks


def _money_of_change(facts: Facts) -> list[Block]:
    """What was paid for what is new, and what came back for what was given back."""
    said = []
    if facts.charged:
        said.append(f"{facts.charged} was paid from your wallet.")
    if facts.paid:
        worth = f"the {facts.paid} that you had paid for what you gave back"
        if facts.refund is None:
            said.append(f"It was too late to get back anything of {worth}.")
        elif facts.refund == facts.paid:
            said.append(f"You have {worth} in your wallet again.")
        else:
            said.append(f"Of {worth}, {facts.refund} is in your wallet again.")
    return [Paragraph(" ".join(said))] if said else []


def changed(facts: Facts, code: str | None, link: str | None) -> Draft:
    before = Facts(
        title=facts.old_title or "",
        starts_at=facts.old_starts_at,
        ends_at=facts.old_ends_at,
        timezone=facts.timezone,
    )
    rows = [(f"{label}, before", value) for label, value in what_and_when(before)]
    blocks: list[Block] = [
        greeting(facts),
        Paragraph(f'"{facts.title}" has changed. Your reservation stays as it is.'),
        details(facts),
        Details(tuple(rows)),
        Paragraph("If that no longer suits you, please cancel, so that others can come."),
        *([Link(facts.page)] if facts.page else []),
    ]
    return f"Changed: {facts.title}", blocks


def cancelled(facts: Facts, code: str | None, link: str | None) -> Draft:
    if facts.whole_offering:
        what = f'We are sorry: "{facts.title}" does not take place. It was cancelled, and your reservation with it.'
    else:
        what = f'Your reservation for "{facts.title}" was cancelled.'
    blocks: list[Block] = [greeting(facts), Paragraph(what)]
    if facts.reason:
        blocks.append(Paragraph(f"The reason given: {facts.reason}"))
    if facts.paid:
        blocks.append(Paragraph(_money_back(facts.paid, facts.refund)))
    return f"Cancelled: {facts.title}", [*blocks, details(facts)]


def _money_back(paid: str, refund: str | None) -> str:
    if refund == paid:
        return f"All you paid is back in your wallet: {paid}."
    if refund is None:
        return f"It was too late to get back anything of the {paid} that you paid."
    return f"Of the {paid} that you paid, {refund} is back in your wallet."


def expired(facts: Facts, code: str | None, link: str | None) -> Draft:
    subject, lapsed, again = _lapse(facts)
    blocks: list[Block] = [greeting(facts), Paragraph(lapsed), Paragraph(again)]
    if link:
        blocks.append(Link(link))
    return f"{subject}: {facts.title}", [*blocks, details(facts)]


def _lapse(facts: Facts) -> tuple[str, str, str]:
    """What ran out, why, and what can be done: as subject and two sentences."""
    if facts.lapsed_from == QUEUED:
        lapsed = f'Until "{facts.title}" began nothing became free for you, so your wait in line has ended.'
        return "No place became free", lapsed, "We are sorry. Perhaps there is another date that suits you."
    if facts.lapsed_from == CONFIRMED:
        lapsed = f'Nobody checked in for {your_places(facts).lower()} in "{facts.title}" in time, so others may have'
        it = "it" if facts.party == 1 else "them"
        return "Not checked in", f"{lapsed} {it} now.", "You were there? Then please tell us."
    lapsed = f'{your_places(facts)} in "{facts.title}" {were(facts)} not confirmed in time, so the hold has lapsed.'
    again = "You can reserve again as you did before, as long as there are places; you will get a new code then."
    return "Not confirmed in time", lapsed, again
