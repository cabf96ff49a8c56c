"""`user create | list | show | update | password | import | export | anonymise`, and how a person looks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from classbook.cli.files import read_text, whole_file
from classbook.cli.groups import group
from classbook.cli.options import CsvFile, Cursor, DryRun, Form, Key, Limit, Role, Yes
from classbook.cli.output import Column
from classbook.cli.session import keyed, session, usage_error

app = group("Create, import, list, show, change, export and anonymise people, and give them passwords.")

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


@app.command()
def update(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address, or the id.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Another name.")] = None,
    role: Annotated[Role | None, typer.Option(help="What the person may do; only an administrator says so.")] = None,
    phone: Annotated[str | None, typer.Option(metavar="P", help="Another telephone number.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="TZ", help="The person's time zone, like Europe/Berlin.")
    ] = None,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Change a person. What is not named stays as it is.

    \b
      classbook user update ana@example.org --role organizer
    """
    from classbook.core import people

    here = session(ctx)
    fields = {"name": name, "role": role.value if role else None, "phone": phone, "timezone": timezone}
    key = keyed(ctx, request_key)
    here.show(people.update(here.app, here.actor, who, fields, key=key, dry_run=dry_run), PERSON)
    here.said_dry(dry_run)


@app.command()
def password(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address, or the id.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input; else it is asked for.")
    ] = False,
    dry_run: DryRun = False,
    request_key: Key = None,
) -> None:
    """Give a person another password for HTTP. Wherever they were logged in, they must log in again.

    \b
      classbook user password ana@example.org
      pass show ana | classbook user password ana@example.org --password-stdin
    """
    from classbook.core import people

    here = session(ctx)
    if not (password_stdin or here.is_interactive):
        raise usage_error("Say --password-stdin: there is no terminal to ask for the password on.")
    key = keyed(ctx, request_key)
    here.show(people.give_password(here.app, here.actor, who, _password(), key=key, dry_run=dry_run), PERSON)
    here.said_dry(dry_run)


@app.command("import")
def import_(
    ctx: typer.Context, file: CsvFile, format: Form = None, dry_run: DryRun = False, request_key: Key = None
) -> None:
    """Create all people of a CSV file, or nobody: everything that is wrong is told by line and column.

    The first line names the columns: email, name, role, phone, timezone (the last three at will).

    \b
      classbook user import people.csv --dry-run
      classbook user list --format csv | classbook user import - --dry-run
    """
    from classbook.cli.imports import tell
    from classbook.core import imports

    here = session(ctx)
    text = read_text(file)
    sheet = imports.people_in(here.app, text)
    tell(here, sheet)
    made = imports.everybody(here.app, here.actor, sheet, key=keyed(ctx, request_key, sent=text), dry_run=dry_run)
    here.show_page(made, PERSON, format, nothing="nobody")
    count = len(sheet.wishes)
    here.note(f"created {count} {'person' if count == 1 else 'people'}")


@app.command()
def export(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address, or the id.")],
    output: Annotated[
        str, typer.Option(metavar="FILE", help="Write it to a file, as a whole or not at all; - is standard output.")
    ] = "-",
) -> None:
    """Print all that is kept about a person as one JSON object: reservations, money, mails, changes.

    \b
      classbook user export ana@example.org --output ana.json
    """
    from classbook.core import personal

    here = session(ctx)
    pieces = personal.export(here.app, here.actor, who)
    if output == "-":
        here.out.stream.writelines(pieces)
        return
    with whole_file(Path(output)) as file:
        file.writelines(pieces)
    here.note(f"{output} is written")
    if here.as_json:
        here.show({"file": output}, ())


@app.command()
def anonymise(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address, or the id.")],
    dry_run: DryRun = False,
    request_key: Key = None,
    yes: Yes = False,
) -> None:
    """Take away who a person was, for good; reservations, money and figures stay.

    Name, address, telephone number, password, mails and reasons go. It is refused while there are reservations that
    are not over, money in a wallet, or something that the person offers.

    \b
      classbook user anonymise ana@example.org --dry-run
      classbook user anonymise ana@example.org --yes
    """
    from classbook.core import personal

    here = session(ctx)
    here.agree(f"Take away for good who {who} was?", yes=yes or dry_run)
    person = personal.anonymise(here.app, here.actor, who, key=keyed(ctx, request_key), dry_run=dry_run)
    here.show(person, PERSON)
    here.said_dry(dry_run)


def _password() -> str:
    """The first line of standard input; asked for twice, unseen, where that is a terminal."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return typed
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise usage_error("--password-stdin: there is nothing on standard input.")
    return password
