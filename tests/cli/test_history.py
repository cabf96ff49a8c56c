"""`history`: who changed what, as a list; and the same over HTTP."""

from __future__ import annotations

from tests.conftest import CommandLine
from tests.makers import Cast


def a_class(cli: CommandLine) -> int:
    words = ["class", "create", "Yoga", "--seats", "2", "--start", "2026-12-02 10:00", "--duration", "1h"]
    return int(cli.json(*words)["id"])


def test_a_change_is_listed_with_who_and_what_was_different(cli: CommandLine) -> None:
    id = a_class(cli)
    cli("class", "update", id, "--title", "Late yoga", code=0)
    newest, oldest = cli.json("history", id)["results"]
    assert (newest["actor"], newest["action"], newest["subject"], newest["subject_id"]) == (
        "console", "update", "offering", id,
    )  # fmt: skip
    assert (newest["before"], newest["after"]) == ({"title": "Yoga"}, {"title": "Late yoga"})
    assert oldest["before"] is None
    assert len(newest["request_id"]) == 12


def test_it_is_asked_for_by_what_was_changed_and_by_who_did_it(cli: CommandLine, cast: Cast) -> None:
    venue = cli.json("venue", "create", "Arena")["id"]
    cli("provider", "create", "pia@example.org", "--name", "Pia", code=0)
    yoga = ["class", "create", "Yoga", "--seats", "2", "--start", "2026-12-02T10:00", "--duration", "1h"]
    cli("--as", cast.cleo.email, *yoga, code=0)

    def listed(*words: object) -> list[tuple[str, str]]:
        return [(row["subject"], row["action"]) for row in cli.json("history", *words)["results"]]

    assert listed("venue", venue) == [("venue", "create")]
    assert listed("user", "pia@example.org") == [("person", "create")]
    assert listed("pia@example.org") == [("offering", "create")]
    assert listed("--by", cast.cleo.email) == [("offering", "create")]
    assert listed("mail") == []
    assert len(listed()) == 5


def test_it_is_a_list_like_the_others(cli: CommandLine) -> None:
    a_class(cli)
    a_class(cli)
    page = cli.json("history", "--limit", 1)
    assert cli.json("history", "--limit", 1, "--cursor", page["next"])["next"] is None
    header, row, *_ = cli("history", "--format", "csv", code=0).out.splitlines()
    assert header == "id,at,actor,action,subject,subject_id,before,after,request_id"
    assert row.startswith("2,2026-12-01T09:00:00Z,console,create,offering,2,,")
    assert "what changed" in cli("history", "--format", "table", code=0).out


def test_what_cannot_be_meant_is_refused(cli: CommandLine, cast: Cast) -> None:
    assert cli("history", "teapot", "1").code == 2
    assert cli("history", "user", "nobody@example.org").code == 4
    assert cli("--as", cast.cleo.email, "history").code == 6


def test_one_request_id_goes_through_refusal_history_and_mail(cli: CommandLine) -> None:
    cli("user", "create", "ana@example.org", "--name", "Ana", code=0)
    cli("class", "create", "Yoga", "--seats", 2, "--start", "2026-12-09 18:00", "--duration", "1h", code=0)
    made = cli.json("reserve", 1, "--user", "ana@example.org")
    [step] = cli.json("reservation", "history", made["code"])["results"]
    [mail] = cli.json("mail", "list")["results"]
    assert step["request_id"] == mail["request_id"] and len(step["request_id"]) == 12
    again = cli.json("reserve", 1, "--user", "ana@example.org", code=5)
    assert again["request_id"] != step["request_id"]
