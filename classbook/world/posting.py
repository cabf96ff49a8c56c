"""One request to somebody else's server, and nothing but its status back.

Whoever may name an address must not reach through us what only we can reach: the address is looked up once, all that
was found must be public, and the connection goes to what was looked at. No redirect is followed, no answer is read.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_NAT64: Final = ip_network("64:ff9b::/96")
_AGENT: Final = "classbook"


class PostFailed(Exception):
    """Nobody answered: the reason in words."""


def post(url: str, body: str, headers: Mapping[str, str], *, allow_local: bool, seconds: float) -> int:
    """The status that a receiver of JSON answers with, within so many ``seconds``. Raises PostFailed.

    ``allow_local`` lets addresses pass that are not public, for receivers in one's own network.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    try:
        connection = socket.create_connection((_checked(host, port, allow_local), port), timeout=seconds)
    except OSError as error:
        raise PostFailed(_words(error)) from error
    # Each wait is bounded by the socket; that there are not too many of them is this.
    late = threading.Event()
    end = threading.Timer(seconds, _cut, [connection, late])
    end.daemon = True
    end.start()
    try:
        with connection:
            status = _status(connection, parts.scheme == "https", host, port, target, body, headers)
        if late.is_set():  # what was cut off may look like an answer
            raise TimeoutError
        return status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PostFailed(_words(TimeoutError() if late.is_set() else error)) from error
    finally:
        end.cancel()


def _status(
    connection: socket.socket, is_tls: bool, host: str, port: int, target: str, body: str, headers: Mapping[str, str]
) -> int:
    if is_tls:
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    speaking = http.client.HTTPConnection(host, port)
    speaking.sock = connection
    given = {"Content-Type": "application/json", "User-Agent": _AGENT, "Connection": "close", **headers}
    standard = port == (443 if is_tls else 80)
    given["Host"] = _in_url(host) if standard else f"{_in_url(host)}:{port}"
    try:
        speaking.request("POST", target, body.encode(), given)
        return speaking.getresponse().status
    finally:
        speaking.close()


def _checked(host: str, port: int, allow_local: bool) -> str:
    """The address to connect to. Raises PostFailed where any that the name has is not for everybody."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_local:
        for address in addresses:
            if not is_public(ip_address(address.partition("%")[0])):
                raise PostFailed(f"{host} is at {address}, which is not a public address.")
    return addresses[0]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet's, also where it wraps another one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _cut(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate cannot be trusted: {error.verify_message}."
    said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return f"{said.rstrip('.')}."[:300]
