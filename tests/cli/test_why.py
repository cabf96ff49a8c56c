"""`why` on the command line: for people, for programs, and as JSON that is the same over HTTP."""

from __future__ import annotations

import io
from typing import Any

from classbook.cli.output import Printer
from tests.makers import PASSWORD, a_class, a_doctor, clock_time, confirmed, everything, hold, person


def test_it_is_told_as_lines_off_a_terminal(app: Any, cast: Any, cli: Any) -> None:
    a_class(app, seats=3)
    hold(app, a_class(app, seats=3, title="Pilates"), cast.ben, party=2)
    ana = cast.ana
    before = everything(app)
    ran = cli("--as", ana.email, "why", 2, "--party", 2, code=0)
    assert ran.out == (
        "is\tcode\ttext\thint\n"
        "verdict\timpossible\tIt cannot be reserved now.\t\n"
        "reason\tsold_out\tPilates has only 1 place left.\tWith --queue you are told when a place is free.\n"
        "instead\tparty\ta party of 1\t\n"
        "instead\tqueue\twait in line, as number 1: --queue\t\n"
    )
    possible = cli("why", 1, "--user", ana.email, code=0)
    assert possible.out.splitlines()[1:] == [
        "verdict\theld\tIt can be reserved now: it would be held until it is confirmed.\t"
    ]
    assert everything(app) == before


def test_it_is_told_in_sentences_on_a_terminal(app: Any, cast: Any, cli: Any, monkeypatch: Any) -> None:
    yoga = a_class(app, seats=1)
    a_class(app, seats=2)
    theirs = confirmed(app, yoga, cast.ben)
    ana = cast.ana
    doctor = a_doctor(app)
    hold_at = clock_time("10:00", days=2)
    cli("--as", cast.ben.email, "reserve", doctor.id, "--from", hold_at.isoformat(), code=0)
    said = io.StringIO()
    monkeypatch.setattr(
        "classbook.cli.session.Session.out", Printer(said, is_terminal=True, has_colour=False, zone=app.settings.zone)
    )
    cli("--as", cast.ben.email, "why", yoga.id, code=0)
    assert (
        said.getvalue().splitlines()
        == [
            "It cannot be reserved now.",
            "1. Ben has a reservation for Yoga already. (already_reserved)",
            f"   Cancel it first: `classbook cancel {theirs.code}`.",
            "2. Yoga is sold out. (sold_out)",
            "   With --queue you are told when a place is free.",
            "Instead:",
            "- class 2, Yoga: Wed 2 Dec 2026 09:00-10:00 UTC, 2 places left",
        ]
        or said.getvalue()
    )
    said.truncate(0)
    said.seek(0)
    cli("--as", ana.email, "why", "drpia@example.org", "--from", hold_at.isoformat(), code=0)
    assert "- Thu 3 Dec 2026 09:45-10:00 UTC" in said.getvalue().splitlines()


def hints_apart(told: Any) -> Any:
    """What is told; of a hint, which has other words in each face, only whether there is one."""
    return told | {"reasons": [reason | {"hint": bool(reason["hint"])} for reason in told["reasons"]]}


def test_both_faces_say_the_same(app: Any, cast: Any, cli: Any, client: Any) -> None:
    ana = person(app, "Ina", password=PASSWORD)
    web = client.logged_in(ana.email, PASSWORD)
    yoga = a_class(app, seats=2, price="10")
    hold(app, a_class(app, seats=2), cast.ben)
    doctor = a_doctor(app)
    for words, query in (
        (["1", "--party", "3"], "party=3"),
        (["1", "--queue"], "queue=true"),
        (["2", "--party", "2", "--no-queue"], "party=2&queue=false"),
        ([str(doctor.id), "--from", "2026-12-01T10:00"], "starts_at=2026-12-01T10:00"),
        ([str(doctor.id)], ""),
    ):
        told = cli.json("--as", ana.email, "why", *words)
        answer = web.get(f"/api/v0/offerings/{words[0]}/why/?{query}")
        assert answer.status == 200 and hints_apart(answer.json()) == hints_apart(told)
        assert told.keys() == {"possible", "state", "reasons", "alternatives"}
        assert all(reason.keys() == {"code", "title", "detail", "hint"} for reason in told["reasons"])
    assert yoga.id == 1


def test_who_may_ask_what_over_http(app: Any, cast: Any, client: Any) -> None:
    person(app, "Ina", password=PASSWORD)
    person(app, "Ada", role="admin", password=PASSWORD)
    member, admin = (client.logged_in(f"{name}@example.org", PASSWORD) for name in ("ina", "ada"))
    a_class(app)
    path = "/api/v0/offerings/1/why/"
    assert client.get(path).status == 401
    assert member.get(path).json()["possible"] is True
    assert member.get(f"{path}?user_id={cast.ana.id}").status == 403
    assert admin.get(f"{path}?user_id={cast.ana.id}").json()["possible"] is True
    assert member.get("/api/v0/offerings/9/why/").status == 404
    assert member.get(f"{path}?starts_at=noon").status == 422
    assert member("HEAD", path).status == 200
    told = member.get(f"{path}?seats=A-1-1&seats=A-1-2").json()
    assert [reason["code"] for reason in told["reasons"]] == ["invalid"]


def test_it_needs_somebody_to_ask_for(app: Any, cli: Any) -> None:
    a_class(app)
    assert "--user EMAIL" in cli("why", 1, code=2).err
    assert cli.json("why", 9, "--user", "nobody@example.org", code=4)["code"] == "not_found"
