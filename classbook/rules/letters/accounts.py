"""The letters of an account: a proof of the address, a login, a password."""

from __future__ import annotations

from classbook.rules.blocks import Block, Code, Paragraph
from classbook.rules.letters.phrases import Draft, Facts, greeting, how_to_confirm, moment


def verify(facts: Facts, code: str | None, link: str | None) -> Draft:
    """Without the name: whoever signed up chose it, and could send a text of his own to a stranger with it."""
    blocks: list[Block] = [
        Paragraph("Hello,"),
        *how_to_confirm("Somebody signed up to classbook with this address", code, link),
    ]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {moment(facts.expires_at, facts)}."))
    blocks.append(Paragraph("That was not you? Then do nothing: without the code there is no account."))
    return f"{code} is your code to sign up to classbook" if code else "Sign up to classbook", blocks


def known(facts: Facts, code: str | None, link: str | None) -> Draft:
    """Who signs up with an address that has an account is told so here, where only its owner reads it."""
    blocks: list[Block] = [
        Paragraph("Hello,"),
        Paragraph("Somebody signed up to classbook with this address. There is an account with it already."),
        Paragraph("That was you? Then log in. If you have forgotten the password, ask for a new one."),
        Paragraph("That was not you? Then do nothing: nothing has changed."),
    ]
    return "You have an account at classbook", blocks


def reset(facts: Facts, code: str | None, link: str | None) -> Draft:
    what = "Somebody asked for a new password for your account at classbook"
    blocks: list[Block] = [greeting(facts)]
    blocks += [Paragraph(f"{what}. This code sets it:"), Code(code)] if code else [Paragraph(f"{what}.")]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(Paragraph("That was not you? Then do nothing: the password stays as it is."))
    return f"{code} is your code for a new password" if code else "A new password for classbook", blocks


def login(facts: Facts, code: str | None, link: str | None) -> Draft:
    return _mailed_login(facts, code, "Somebody wants to log in to classbook with this address")


def welcome(facts: Facts, code: str | None, link: str | None) -> Draft:
    return _mailed_login(facts, code, "Somebody wants to book at classbook with this address")


def _mailed_login(facts: Facts, code: str | None, what: str) -> Draft:
    blocks: list[Block] = [greeting(facts) if facts.name else Paragraph("Hello,")]
    blocks += [Paragraph(f"{what}. This code shows that it is you:"), Code(code)] if code else [Paragraph(f"{what}.")]
    if facts.expires_at:
        blocks.append(Paragraph(f"It is good until {moment(facts.expires_at, facts)}. Tell it nobody."))
    blocks.append(Paragraph("That was not you? Then do nothing: without the code nothing happens."))
    return f"{code} is your code for classbook" if code else "Your code for classbook", blocks


def password(facts: Facts, code: str | None, link: str | None) -> Draft:
    blocks: list[Block] = [
        greeting(facts),
        Paragraph("The password of your account at classbook was changed. Other logins have ended."),
        Paragraph("That was not you? Then set a new one at once, with a code that is mailed to you."),
    ]
    return "Your password was changed", blocks
