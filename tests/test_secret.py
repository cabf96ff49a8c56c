from __future__ import annotations

import json

import pytest

from classbook.secret import Secret


def test_a_secret_shows_itself_only_when_asked_by_name() -> None:
    secret = Secret("hunter2")
    assert secret.reveal() == "hunter2"
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret]), format(secret)):  # noqa: UP031
        assert "hunter2" not in shown and "***" in shown


def test_a_secret_cannot_be_joined_or_serialised_by_accident() -> None:
    with pytest.raises(TypeError):
        "".join([Secret("hunter2")])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        json.dumps(Secret("hunter2"))


def test_secrets_compare_by_what_they_hide() -> None:
    assert Secret("a") == Secret("a") != Secret("b") and Secret("a") != "a"
    assert Secret("a") and not Secret("") and len({Secret("a"), Secret("a")}) == 1
