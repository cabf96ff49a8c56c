"""Every refusal has the status the contract gives it."""

from __future__ import annotations

import json

import pytest

from classbook import errors
from classbook.errors import ClassbookError
from classbook.web.problems import STATUS, invalid, respond

CONTRACT = {
    422: "invalid bad_span unknown_seat outside_schedule below_notice key_reused",
    404: "not_found",
    409: "sold_out already_reserved seat_taken span_taken hold_expired offering_closed offering_cancelled too_early "
    "too_late limit_reached not_allowed_now exists",
    412: "changed_meanwhile",
    403: "not_yours wrong_code too_many_guesses",
    401: "not_logged_in bad_credentials",
    402: "insufficient_funds",
    503: "busy unavailable",
    429: "too_many_requests",
    405: "method_not_allowed",
    413: "too_large",
    500: "internal",
}
EXPECTED = {code: status for status, codes in CONTRACT.items() for code in codes.split()}
LEAVES = [
    leaf
    for leaf in vars(errors).values()
    if isinstance(leaf, type)
    and issubclass(leaf, ClassbookError)
    and "code" in vars(leaf)
    and leaf is not ClassbookError
]


def test_the_list_of_codes_is_closed() -> None:
    assert {leaf.code for leaf in LEAVES} == set(EXPECTED)
    assert {leaf.category for leaf in LEAVES} == set(STATUS)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_a_refusal_is_answered_with_the_status_of_the_contract(leaf: type[ClassbookError]) -> None:
    answer = respond(leaf("so it is"), request_id="r")
    assert answer.status_code == EXPECTED[leaf.code]
    assert answer.headers["content-type"] == "application/problem+json"
    body = json.loads(bytes(answer.body))
    assert (body["code"], body["type"], body["detail"]) == (leaf.code, f"urn:classbook:error:{leaf.code}", "so it is")
    assert ("retry-after" in answer.headers) == (answer.status_code in (503, 429))
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def test_who_refuses_for_now_says_for_how_long() -> None:
    assert respond(errors.Busy(retry_after_seconds=7), request_id="r").headers["retry-after"] == "7"
    assert respond(errors.TooManyRequests(retry_after_seconds=900), request_id="r").headers["retry-after"] == "900"


def test_many_mistakes_are_told_in_one_sentence() -> None:
    found = [{"type": "missing", "loc": ("body", f"field{n}"), "msg": "Field required"} for n in range(9)]
    detail = invalid(found).detail
    assert detail.startswith("field0 is missing; field1 is missing")
    assert detail.endswith("and 4 more.")


def test_what_an_address_lacks_is_shown_as_it_is_written_there() -> None:
    detail = invalid([{"type": "missing", "loc": ("query", "match"), "msg": "Field required"}]).detail
    assert detail == "match is missing in the address, like ?match=1."


def test_a_long_name_is_cut_and_a_strange_one_made_harmless() -> None:
    found = [{"type": "extra_forbidden", "loc": ("body", "a\x1b[31m\n" + "x" * 500), "msg": "no"}]
    detail = invalid(found).detail
    assert detail.isprintable()
    assert len(detail) < 100
