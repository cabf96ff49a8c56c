"""Offerings and people out of CSV, on both databases: all of a file or nothing, and all that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from classbook.app import App
from classbook.core import catalog, imports, people, trail
from classbook.errors import ClassbookError, Exists, Invalid, NotYours
from classbook.store import people as people_store
from classbook.store.database import Tx
from classbook.values import Actor, Offering, Page, Person, RequestKey, plain
from tests.makers import CONSOLE, Cast, a_court, a_doctor, a_venue, as_person, at_once, broken, everything

BERLIN = ZoneInfo("Europe/Berlin")
HEADER = "title,seats,start,duration\n"


def made(
    app: App, text: str, *, kind: str = "class", by: Actor = CONSOLE, zone: ZoneInfo = BERLIN, **options: Any
) -> list[Offering]:
    page = imports.offerings(app, by, kind, imports.offerings_in(app, kind, text, zone=zone), **options)
    assert isinstance(page, Page)
    return list(page.results)


def enlisted(app: App, text: str, *, by: Actor = CONSOLE, **options: Any) -> list[Person]:
    page = imports.everybody(app, by, imports.people_in(app, text), **options)
    assert isinstance(page, Page)
    return list(page.results)


def refused(app: App, text: str, **options: Any) -> list[tuple[int, str | None, str]]:
    """(line, column, code) of everything that is wrong; nothing may have changed."""
    before = everything(app)
    with pytest.raises(ClassbookError) as caught:
        (enlisted if text.startswith("email") else made)(app, text, **options)
    assert everything(app) == before
    return [(fault.line, fault.column, fault.refusal.code) for fault in caught.value.faults]


# --- offerings -----------------------------------------------------------------------------------------------------


def test_a_class_is_made_of_every_line_as_it_was_said(app: App) -> None:
    court, doctor = a_court(app), a_doctor(app)
    text = (
        "title,seats,start,end,duration,type,price,description,timezone,hold,notice,confirm,max_per_person,party-max,"
        "cancel_until,room,provider\n"
        f'Yoga,12,2026-12-04T18:00,,90m,yoga,12.50,"Bring a mat,\nand socks",,10m,1h,self,4,2,24h,{court.id},'
        f"{doctor.creator and doctor.creator.email}\n"
        "\n"
        "Judo,20,2026-12-05 18:00,2026-12-05 19:30,,,0,,America/New_York,,,,,,,,\n"
    )
    yoga, judo = made(app, text)
    assert (yoga.title, yoga.capacity, yoga.type, str(yoga.price)) == ("Yoga", 12, "yoga", "12.50 EUR")
    assert yoga.description == "Bring a mat,\nand socks" and yoga.timezone == "UTC"
    policy = {"hold_seconds": 600, "notice_seconds": 3600, "confirm": "self", "max_per_person": 4, "party_max": 2}
    assert yoga.policy | policy | {"cancel_until_seconds": 86400} == yoga.policy
    assert plain(yoga)["starts_at"] == "2026-12-04T17:00:00Z" and plain(yoga)["ends_at"] == "2026-12-04T18:30:00Z"
    assert (judo.price, plain(judo)["starts_at"], judo.timezone) == (None, "2026-12-05T23:00:00Z", "America/New_York")
    assert catalog.listing(app, "class").results == (yoga, judo)
    assert refused(app, f"{HEADER[:-1]},room\nLate,2,2026-12-04T19:00,1h,{court.id}\n") == [(2, None, "span_taken")]
    assert broken(app) == []


def test_everything_that_is_wrong_is_told_and_nothing_is_made(app: App) -> None:
    court = a_court(app)
    text = (
        "title,seats,start,duration,price,room,provider,confirm,timezone\n"
        f"Good,3,2026-12-04 18:00,1h,,{court.id},,,\n"
        ",three,soon,long,free,99,nobody@example.org,luck,Mars\n"
        f"Also,3,2026-12-04 18:30,1h,,{court.id},,,\n"
        "Yo\x1b[2Jga,0,2027-03-28 02:30,1h,-1,,,,\n"
        "Good,3,2026-12-04 18:00,1h,,,,,\n"
        "Short,3,2026-12-04 18:00,0s,,,,,\n"
        "Missing,3\n"
    )
    assert refused(app, text) == [
        (3, "seats", "invalid"),
        (3, "start", "invalid"),
        (3, "duration", "invalid"),
        (3, "price", "invalid"),
        (3, "room", "not_found"),
        (3, "provider", "not_found"),
        (3, "confirm", "invalid"),
        (3, "timezone", "invalid"),
        (3, "title", "invalid"),
        (4, None, "span_taken"),
        (5, "title", "invalid"),
        (5, "seats", "invalid"),
        (5, "start", "bad_span"),
        (5, "price", "invalid"),
        (6, "title", "exists"),
        (7, "duration", "bad_span"),
        (8, None, "invalid"),
    ]


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("2026-12-04 19:00,1h", [(2, "end", "invalid")]),
        (",", [(2, "end or duration", "invalid")]),
        ("2026-12-04 17:00,", [(2, "end", "bad_span")]),
    ],
)
def test_a_line_ends_in_one_way(app: App, ends: str, told: object) -> None:
    assert refused(app, f"title,seats,start,end,duration\nYoga,3,2026-12-04 18:00,{ends}\n") == told


def test_what_is_there_already_is_not_made_again(app: App) -> None:
    [yoga] = made(app, f"{HEADER}Yoga,3,2026-12-04 18:00,1h\n")
    assert refused(app, f"{HEADER}Judo,3,2026-12-04 18:00,1h\nYoga,9,2026-12-04 18:00,1h\n") == [(3, "title", "exists")]
    catalog.cancel(app, CONSOLE, "class", yoga.id)
    assert len(made(app, f"{HEADER}Yoga,9,2026-12-04 18:00,1h\n")) == 1


def test_events_are_imported_by_whoever_may_make_them(app: App, cast: Cast) -> None:
    text = "title,capacity,start_time,end_time\nPicnic,5,2026-12-05 12:00,2026-12-05 15:00\n"
    [picnic] = made(app, text, kind="event", by=as_person(cast.ana))
    assert picnic.creator and picnic.creator.email == cast.ana.email
    with pytest.raises(NotYours):
        made(app, f"{HEADER}Yoga,bad,2026-12-04 18:00,1h\n", by=as_person(cast.ana))


def test_matches_name_their_venue_by_its_id_or_its_name(app: App) -> None:
    venue = a_venue(app, "A:2x3", "B:1x2", name="Old Park")
    text = (
        "title,venue,start,duration,prices\n"
        f"Cup,{venue.id},2026-12-04 18:00,2h,A=12.50; B=10\n"
        "Final,Old Park,2026-12-05 18:00,2h,\n"
    )
    cup, final = made(app, text, kind="match")
    assert (cup.capacity, str(cup.price), cup.venue) == (8, "10.00 EUR", "Old Park")
    assert final.price is None and final.timezone == "UTC" and plain(final)["starts_at"] == "2026-12-05T18:00:00Z"
    other = a_venue(app, "A:1x1", name="Old Park")
    text = (
        "title,venue,start,duration,prices\n"
        "Twice,Old Park,2026-12-06 18:00,2h,\n"
        "Nowhere,99,2026-12-06 18:00,2h,\n"
        f"Dear,{other.id},2026-12-06 18:00,2h,A=\n"
        f"Free,{other.id},2026-12-06 18:00,2h,C=1\n"
        f"Same,{venue.id},2026-12-04 19:00,2h,\n"
    )
    assert refused(app, text, kind="match") == [
        (2, "venue", "invalid"),
        (3, "venue", "not_found"),
        (4, "prices", "invalid"),
        (5, None, "invalid"),
        (6, None, "span_taken"),
    ]
    assert broken(app) == []


def test_a_time_that_comes_twice_is_noted_with_its_line(app: App) -> None:
    sheet = imports.offerings_in(app, "class", f"{HEADER}\nOwl,3,2027-10-31 02:30,1h\n", zone=BERLIN)
    [(line, note)] = sheet.notes
    assert line == 3 and "happens twice in Europe/Berlin: taking the first" in note


def test_a_dry_run_says_the_same_and_keeps_nothing(app: App) -> None:
    text, before = f"{HEADER}Yoga,3,2026-12-04 18:00,1h\n", everything(app)
    dry = made(app, text, dry_run=True)
    assert everything(app) == before
    assert [one.title for one in made(app, text)] == [one.title for one in dry]


def test_a_request_key_imports_once(app: App) -> None:
    text, key = f"{HEADER}Yoga,3,2026-12-04 18:00,1h\n", RequestKey("k", "hash")
    first = made(app, text, key=key)
    sheet = imports.offerings_in(app, "class", text, zone=BERLIN)
    again = imports.offerings(app, CONSOLE, "class", sheet, key=key)
    assert again == plain(Page(tuple(first), None))


def test_everything_imported_leaves_its_trail(app: App, cast: Cast) -> None:
    made(app, f"{HEADER}Yoga,3,2026-12-04 18:00,1h\nJudo,3,2026-12-04 18:00,1h\n", by=as_person(cast.cleo))
    rows = trail.history(app, CONSOLE, subject="offering").results
    assert [(row.action, row.actor) for row in rows] == [("create", cast.cleo.email)] * 2


@pytest.mark.parametrize("kind", ["class", "person"])
def test_an_import_takes_the_same_few_statements_however_long_it_is(
    app: App, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    court = a_court(app)
    counted: Counter[str] = Counter()

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any) -> Any:
            counted[name] += 1
            return real(*args)

        return count

    for name in ("pipeline", "change", "write_all"):
        monkeypatch.setattr(Tx, name, counting(name, getattr(Tx, name)))

    def statements(lines: range) -> Counter[str]:
        counted.clear()
        if kind == "person":
            enlisted(app, "email,name\n" + "".join(f"p{n}@example.org,P{n}\n" for n in lines))
        else:
            begin = app.clock.now() + timedelta(days=1)
            starts = {n: f"{begin + timedelta(hours=n):%Y-%m-%dT%H:%MZ}" for n in lines}
            made(app, f"{HEADER[:-1]},room\n" + "".join(f"C{n},3,{starts[n]},1h,{court.id}\n" for n in lines))
        return Counter(counted)

    statements(range(2))
    assert statements(range(2, 4)) == statements(range(4, 300))
    assert broken(app) == []


# --- what lists and exports print ----------------------------------------------------------------------------------


def test_lines_of_other_kinds_and_of_what_was_cancelled_are_not_made(app: App) -> None:
    text = (
        "id,kind,title,status,starts_at,ends_at,capacity,reserved,price.amount,price.currency,policy\n"
        '1,class,Yoga,upcoming,2026-12-04T17:00:00Z,2026-12-04T18:00:00Z,3,2,12.50,EUR,"{""once"": true}"\n'
    )
    [yoga] = made(app, text)
    assert (str(yoga.price), yoga.capacity, yoga.reserved) == ("12.50 EUR", 3, 0)
    later = text.replace("T1", "T0")
    assert refused(app, later.replace(",class,", ",event,")) == [(2, "kind", "invalid")]
    assert refused(app, later.replace("upcoming", "cancelled")) == [(2, "status", "invalid")]
    assert refused(app, later.replace("EUR", "USD")) == [(2, "price", "invalid")]
    assert refused(app, later.replace('"{""once"": true}"', "[]")) == [(2, "policy", "invalid")]
    [terms] = made(app, later.replace('""once"": true', '""hold_seconds"": 60'))
    assert terms.policy["hold_seconds"] == 60


# --- people --------------------------------------------------------------------------------------------------------


def test_people_are_vouched_for_like_those_made_one_by_one(app: App) -> None:
    text = "email,name,role,phone,timezone\nAna@Example.org,Ana,,,\nben@example.org,Ben,organizer,'+49 30,Asia/Tokyo\n"
    ana, ben = enlisted(app, text)
    assert (ana.email, ana.role, ana.phone, ana.timezone) == ("ana@example.org", "member", None, "UTC")
    assert (ben.role, ben.phone, ben.timezone) == ("organizer", "+49 30", "Asia/Tokyo")
    assert people.show(app, CONSOLE, "ben@example.org") == ben
    assert len(made(app, f"{HEADER}Yoga,3,2026-12-04 18:00,1h\n", by=as_person(ben))) == 1
    assert broken(app) == []


def test_faulty_people_are_told_line_by_line(app: App, cast: Cast) -> None:
    text = (
        "email,name,role,phone,timezone\n"
        f"{cast.ana.email},Ana,,,\n"
        "nobody,,king,\x07,Mars\n"
        "eve@example.org,Eve,provider,,\n"
        "new@example.org,New,,,\n"
        "NEW@example.org,New,,,\n"
    )
    assert refused(app, text) == [
        (2, "email", "exists"),
        (3, "email", "invalid"),
        (3, "role", "invalid"),
        (3, "phone", "invalid"),
        (3, "timezone", "invalid"),
        (3, "name", "invalid"),
        (4, "role", "invalid"),
        (6, "email", "exists"),
    ]
    with pytest.raises(Exists):
        enlisted(app, f"email,name\n{cast.ana.email},Ana\n")


def test_who_may_import_whom(app: App, cast: Cast) -> None:
    members, organizers = "email,name\na@example.org,A\n", "email,name,role\nb@example.org,B,organizer\n"
    for by, text in ((cast.ana, members), (cast.cleo, organizers)):
        with pytest.raises(NotYours):
            enlisted(app, text, by=as_person(by))
    assert len(enlisted(app, members, by=as_person(cast.cleo))) == 1
    assert len(enlisted(app, organizers, by=as_person(cast.emma))) == 1


def test_two_who_bring_the_same_people_at_once_are_told_apart(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds on a second look whom the first has brought."""
    text, looked = "email,name\nx@example.org,X\ny@example.org,Y\n", []
    known = people_store.known

    def look(tx: Tx, emails: Any) -> set[str]:
        looked.append(emails := list(emails))
        return set() if len(looked) <= 2 else known(tx, emails)

    monkeypatch.setattr(people_store, "known", look)
    bring = lambda: enlisted(app, text)  # noqa: E731
    outcomes = at_once(bring, bring)
    [error] = [one for one in outcomes if isinstance(one, ClassbookError)]
    assert [(fault.line, fault.refusal.code) for fault in error.faults] == [(2, "exists"), (3, "exists")]
    assert len(people.listing(app, CONSOLE).results) == 2


def test_an_empty_file_makes_nothing(app: App) -> None:
    assert made(app, HEADER) == [] and enlisted(app, "email,name\n") == []
    with pytest.raises(Invalid):
        made(app, "")
