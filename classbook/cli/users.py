"""`user create | list | show`, and how a person looks."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from classbook.cli.groups import group
from classbook.cli.options import Cursor, DryRun, Form, Key, Limit, Role
from classbook.cli.output import Column
from classbook.cli.session import keyed, session, usage_error

app = group("Create, list and show people.")

PERSON: Final = (
    Column("id", "id"),
    Column("email", "email", style="bold"),
    Column("name", "name"),
    Column("role", "role"),
    Column("phone", "phone"),
    Column("timezone", "zone"),
)


@app.command()
def create(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address; it also names the person.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The name.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.member,
    phone: Annotated[str | None, typer.Option(metavar="P", help="A telephone number.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="TZ", help="The person's time zone, like Europe/Berlin.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Read a password for HTTP from standard input (asked for on a terminal)."
        ),
    ] = False,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Create a person. Somebody made here counts as verified.

    \b
      classbook user create ana@example.org --name "Ana"
      pass show cleo | classbook user create cleo@example.org --name Cleo --role organizer --password-stdin
    """
    from classbook.core import people

    here = session(ctx)
    person = people.create(
        here.app,
        here.actor,
        email=email,
        name=name,
        role=role.value,
        phone=phone,
        timezone=timezone,
        password=_password() if password_stdin else None,
        key=keyed(ctx, request_key),
        dry_run=dry_run,
    )
    here.show(person, PERSON)
    here.said_dry(dry_run)


@app.command("list")
def list_(ctx: typer.Context, format: Form = None, limit: Limit = 50, cursor: Cursor = None) -> None:
    """List people.

    \b
      classbook user list --format csv
    """
    from classbook.core import people

    here = session(ctx)
    page = people.listing(here.app, here.actor, limit=limit, cursor=cursor)
    here.show_page(page, PERSON, format, nothing="nobody yet")


@app.command()
def show(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address, or the id.")],
) -> None:
    """Show one person.

    \b
      classbook user show ana@example.org
    """
    from classbook.core import people

    here = session(ctx)
    here.show(people.show(here.app, here.actor, who), PERSON)


def _password() -> str:
    """The first line of standard input; asked for twice, unseen, where that is a terminal."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise usage_error("--password-stdin: there is nothing on standard input.")
    return password
