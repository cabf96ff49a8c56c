"""Where a request comes from: what may be believed of it, and how it is counted."""

from __future__ import annotations

from typing import Any

import pytest

from classbook.rules.allowed import networks
from classbook.web.source import source_of

PROXY = "10.0.0.1"
TRUSTED = networks(["10.0.0.0/8", "2001:db8:ffff::1"])


def scope(client: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", line.encode("latin-1")) for line in forwarded)]
    return {"client": None if client is None else (client, 4711), "headers": headers}


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("a socket", "unknown"),
        (None, "unknown"),
    ],
)
def test_ipv4_is_counted_by_address_and_ipv6_by_its_first_64_bits(client: str | None, counted: str) -> None:
    assert source_of(scope(client), ()) == counted


@pytest.mark.parametrize("trusted", [(), TRUSTED])
def test_what_a_stranger_says_of_itself_is_not_believed(trusted: Any) -> None:
    assert source_of(scope("203.0.113.7", "198.51.100.1", PROXY), trusted) == "203.0.113.7"


@pytest.mark.parametrize(
    ("forwarded", "counted"),
    [
        ((), PROXY),
        (("198.51.100.1",), "198.51.100.1"),
        (("198.51.100.1:5555",), "198.51.100.1"),
        (("[2001:db8::1]:5555",), "2001:db8::/64"),
        (("2001:db8::1",), "2001:db8::/64"),
        (("1.1.1.1, 198.51.100.1",), "198.51.100.1"),
        (("1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        (("1.1.1.1, 198.51.100.1", "10.9.9.9, 2001:db8:ffff::1"), "198.51.100.1"),
        (("198.51.100.1", "garbage"), PROXY),
        (("198.51.100.1,",), PROXY),
        (("unknown, 10.9.9.9",), "10.9.9.9"),
        (("::ffff:198.51.100.1",), "198.51.100.1"),
        (("10.1.1.1, 10.2.2.2",), "10.1.1.1"),
        (("\xff\xfe",), PROXY),
    ],
)
def test_behind_our_own_proxies_the_nearest_stranger_counts(forwarded: tuple[str, ...], counted: str) -> None:
    """What stands further left than the first stranger, counted from the right, was written by strangers."""
    assert source_of(scope(PROXY, *forwarded), TRUSTED) == counted


def test_ten_thousand_hops_are_no_work_for_who_is_not_trusted() -> None:
    assert source_of(scope("203.0.113.7", ",".join(["10.0.0.1"] * 10_000)), TRUSTED) == "203.0.113.7"
