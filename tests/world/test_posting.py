"""One request to somebody else's server: to public addresses only, within its time, and nothing read."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from classbook.world.posting import PostFailed, is_public, post
from tests.receiver import Receiver, dripping, receiving, status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def sent(url: str, *, allow_local: bool = True, seconds: float = 5) -> int:
    return post(url, "{}", {"webhook-id": "msg_1"}, allow_local=allow_local, seconds=seconds)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_an_address_of_our_own_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_public(ip_address(address))


def test_a_name_with_one_address_of_our_own_is_not_reached(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, receiver.server_port)) for ip in ("8.8.8.8", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: entries)
    with pytest.raises(PostFailed, match=r"trap.example is at 127.0.0.1, which is not a public address"):
        sent(f"http://trap.example:{receiver.server_port}/", allow_local=False)
    assert receiver.taken == []


def test_the_connection_goes_to_what_was_looked_at(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that points elsewhere when it is looked up again (DNS rebinding) is looked up once."""
    asked: list[Any] = []
    find = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        asked.append(host)
        return find("127.0.0.1" if host == "hooks.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert sent(f"http://hooks.example:{receiver.server_port}/a?b=c") == 204
    assert [host for host in asked if host != "127.0.0.1"] == ["hooks.example"]
    [(path, headers, body)] = receiver.taken
    assert (path, headers["host"], body) == ("/a?b=c", f"hooks.example:{receiver.server_port}", b"{}")


def test_a_status_is_all_that_comes_back(receiver: Receiver) -> None:
    receiver.answer = status(302, Location="http://127.0.0.1:1/")
    assert sent(receiver.url) == 302


def test_an_answer_that_never_ends_is_cut_off(receiver: Receiver) -> None:
    stop = threading.Event()
    receiver.answer = dripping(stop)
    with pytest.raises(PostFailed):
        sent(receiver.url, seconds=0.3)
    stop.set()


def test_who_is_not_there_is_told_in_words(receiver: Receiver) -> None:
    with pytest.raises(PostFailed, match=r"^Connection refused\.$"):
        sent("http://127.0.0.1:1/")
    with pytest.raises(PostFailed, match=r"\.$"):
        sent("http://no.such.host.invalid/")


def test_a_certificate_must_be_good_and_for_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def served(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    with receiving(served("127.0.0.1")) as good, receiving(served("other.example")) as foreign:
        with pytest.raises(PostFailed, match="certificate cannot be trusted"):
            sent(good.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert sent(good.url) == 204
        with pytest.raises(PostFailed, match="certificate cannot be trusted"):
            sent(foreign.url)
        assert foreign.taken == []
