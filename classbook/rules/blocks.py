"""What a letter is made of, and the two renderings of it: a plain text, and HTML that shows the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

TICKET_IMAGE: Final = "ticket"
"""The Content-ID by which the HTML of a letter names the picture of its ticket."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    digits: str


@dataclass(frozen=True, slots=True)
class Link:
    url: str


@dataclass(frozen=True, slots=True)
class Details:
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    text: str


Block = Paragraph | Code | Link | Details | Ticket


def as_text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_block_as_text(block) for block in blocks) + "\n"


def _block_as_text(block: Block) -> str:
    match block:
        case Paragraph(text) | Code(text) | Link(text) | Ticket(text):
            return text
        case Details(rows):
            width = max((len(label) for label, _ in rows), default=0) + 1
            return "\n".join(f"{label + ':':<{width}} {value}" for label, value in rows)


_STYLE: Final = """\
:root { color-scheme: light dark; supported-color-schemes: light dark }
@media (prefers-color-scheme: dark) {
  body { background: #14171c !important }
  .card { background: #1f242c !important; color: #e8eaee !important; border-color: #333a45 !important }
  .soft { color: #a4acb9 !important }
  .code { background: #14171c !important; color: #ffffff !important; border-color: #4a5361 !important }
  .button { background: #8ab4f8 !important; color: #10203a !important }
  .link { color: #8ab4f8 !important }
  .details { border-color: #333a45 !important }
}"""
"""What mail programs that know no style sheet go without; all else stands in the tags."""


def as_html(subject: str, blocks: Sequence[Block]) -> str:
    """One column of paragraphs: no tables, nothing from elsewhere, light or dark as its reader likes it."""
    body = "\n".join(_block_as_html(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(subject)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        '<body style="margin: 0; padding: 24px 12px; background: #f2f4f7">\n'
        '<div class="card" style="max-width: 34em; margin: 0 auto; padding: 12px 28px 20px; background: #ffffff; '
        "color: #1d2430; border: 1px solid #dfe3e9; border-radius: 12px; overflow-wrap: break-word; "
        f'font-family: sans-serif; font-size: 16px; line-height: 1.5">\n{body}\n</div>\n</body>\n</html>\n'
    )


def _block_as_html(block: Block) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Code(digits):
            return (
                '<p class="code" style="margin: 20px 0; padding: 12px; text-align: center; font-size: 32px; '
                "font-family: monospace; font-weight: bold; letter-spacing: 6px; background: #f2f4f7; "
                f'border: 1px solid #cfd5de; border-radius: 8px">{escape(digits)}</p>'
            )
        case Link(url):
            return (
                f'<p style="text-align: center"><a class="button" href="{escape(url)}" style="display: inline-block; '
                "padding: 10px 22px; background: #1a5fb4; color: #ffffff; font-weight: bold; text-decoration: none; "
                'border-radius: 8px">Open the page</a></p>\n'
                f'<p class="soft" style="font-size: 13px; color: #5b6472; word-break: break-all"><a class="link" '
                f'href="{escape(url)}" style="color: #1a5fb4">{escape(url)}</a></p>'
            )
        case Ticket(text):
            return (
                f'<p style="text-align: center"><img src="cid:{TICKET_IMAGE}" alt="{escape(text)}" width="200" '
                'height="200" style="background: #ffffff; padding: 8px; border-radius: 8px"><br>\n'
                f'<strong style="font-family: monospace; font-size: 18px">{escape(text)}</strong></p>'
            )
        case Details(rows):
            lines = "\n".join(
                '<p style="margin: 6px 0; line-height: 1.35">'
                f'<span class="soft" style="font-size: 13px; color: #5b6472">{escape(label)}</span><br>\n'
                f"<strong>{escape(value)}</strong></p>"
                for label, value in rows
            )
            return (
                '<div class="details" style="margin: 20px 0; padding: 2px 0 2px 16px; '
                f'border-left: 3px solid #cfd5de">\n{lines}\n</div>'
            )
