"""Letters about something made up: how they look, and what is wrong with the templates for them."""

from __future__ import annotations

from base64 import b64encode

from classbook.config import Settings
from classbook.errors import NotFound
from classbook.rules import tickets
from classbook.rules.blocks import TICKET_IMAGE
from classbook.rules.letters import KINDS, is_letter
from classbook.rules.samples import all_words, sample
from classbook.world import Stationery


def preview(settings: Settings, kind: str) -> dict[str, str]:
    """A letter of a kind, made up: its subject, its text and its HTML with all pictures inside. Raises NotFound."""
    if not is_letter(kind):
        raise NotFound(f"There is no mail of the kind {kind!r}.", hint=f"One of: {', '.join(KINDS)}.")
    letter, words = sample(kind, address=settings.web.address, timezone=settings.timezone)
    letter = Stationery(settings.mail.templates).dressed(kind, letter, words)
    picture = b64encode(tickets.as_png(str(words["ticket"]))).decode()
    html = letter.html.replace(f"cid:{TICKET_IMAGE}", f"data:image/png;base64,{picture}")
    return {"kind": kind, "subject": letter.subject, "text": letter.text, "html": html}


def faults(settings: Settings) -> list[str]:
    """What is wrong with the templates, a sentence each."""
    words = all_words(address=settings.web.address, timezone=settings.timezone)
    return Stationery(settings.mail.templates).faults(words)
