"""A closed-loop HTTP load generator, a process of its own: ``python -m benchmarks.load --help``.

Every connection sends its next request when its last one is answered, and every request is another person's. HTTP/1.1
is written by hand on raw sockets and all requests are built before the clock starts, so that the generator costs
little next to the server it shares two cores with. It speaks to this machine only and always ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, cast

import uvloop

_HOST: Final = "127.0.0.1"
_LONGEST_SECONDS: Final = 120.0
_PATIENCE_SECONDS: Final = 30.0
"""How long answers are waited for after the last request was sent."""


@dataclass(slots=True)
class Tally:
    """What one run saw. ``latencies`` are seconds; ``created`` are the bodies of all 201 answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    created: list[bytes] = field(default_factory=list)
    unanswered: int = 0

    def report(self, *, started: float, counted_from: float, deadline: float) -> dict[str, Any]:
        """The run as JSON: ``rate`` is answers per second between the lead-in and the deadline (or the last answer)."""
        last = max(self.answered_at, default=started)
        until = min(deadline, last)
        counted = sum(1 for at in self.answered_at if counted_from < at <= until)
        return {
            "rate": counted / (until - counted_from) if counted else 0.0,
            "answers": len(self.latencies),
            "unanswered": self.unanswered,
            "seconds": last - started,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "latency_ms": _percentiles(self.latencies),
            "acknowledged": [json.loads(body)["id"] for body in self.created],
        }


class Rush:
    """The shared state of all connections: what is still to be sent, until when, and what came back."""

    def __init__(self, requests: Sequence[bytes], *, connections: int) -> None:
        self.tally = Tally()
        self.deadline = 0.0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = iter(requests)
        self._open = connections

    def take(self) -> bytes | None:
        """The next request, or None when the time or the people are used up."""
        return next(self._requests, None) if perf_counter() < self.deadline else None

    def leave(self) -> None:
        self._open -= 1
        if self._open == 0 and not self.over.done():
            self.over.set_result(None)


class Connection(asyncio.Protocol):
    """One person after the other on one keep-alive connection."""

    def __init__(self, rush: Rush) -> None:
        self._rush = rush
        self._transport: asyncio.Transport
        self._received = b""
        self._sent_at = 0.0
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by duck type only

    def go(self) -> None:
        """Send the next request, or hang up when there is none."""
        request = self._rush.take()
        if request is None:
            self._transport.close()
            return
        self._waiting = True
        self._sent_at = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head = received.find(b"\r\n\r\n")
        body = head + 4
        if head < 0 or len(received) < body + _content_length(received, head):
            self._received = received
            return
        self._received = b""
        self._waiting = False
        self._record(int(received[9:12]), received[body:])
        self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rush.tally.unanswered += self._waiting
        self._rush.leave()

    def _record(self, status: int, body: bytes) -> None:
        tally, now = self._rush.tally, perf_counter()
        tally.statuses[status] += 1
        tally.answered_at.append(now)
        tally.latencies.append(now - self._sent_at)
        if status == 201:
            tally.created.append(body)


async def rush(
    *, port: int, requests: Sequence[bytes], connections: int, seconds: float, lead_seconds: float
) -> dict[str, Any]:
    """Send ``requests`` over ``connections`` for ``lead_seconds`` + ``seconds`` at most and say what came back."""
    loop = asyncio.get_running_loop()
    seconds = min(lead_seconds + seconds, _LONGEST_SECONDS)
    state = Rush(requests, connections=connections)
    opened = [await loop.create_connection(lambda: Connection(state), _HOST, port) for _ in range(connections)]
    started = perf_counter()
    state.deadline = started + seconds
    for _, connection in opened:
        connection.go()
    try:
        await asyncio.wait_for(asyncio.shield(state.over), seconds + _PATIENCE_SECONDS)
    except TimeoutError:
        for transport, _ in opened:
            transport.abort()
        await state.over
    return state.tally.report(started=started, counted_from=started + lead_seconds, deadline=state.deadline)


def build_requests(*, path: str, body: str, tokens: list[str]) -> list[bytes]:
    """One POST for each token, ready to be written to a socket."""
    payload = body.encode()
    return [
        b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %b\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (path.encode(), token.encode(), len(payload), payload)
        for token in tokens
    ]


def _content_length(received: bytes, head: int) -> int:
    """Every server measured here sends a content-length; the name's case differs."""
    at = received.find(b"ontent-", 0, head)
    while at >= 0 and received[at + 7 : at + 14].lower() != b"length:":
        at = received.find(b"ontent-", at + 1, head)
    if at < 0:
        raise ValueError(f"an answer without a length: {received[:head]!r}")
    return int(received[at + 14 : received.find(b"\r\n", at)])


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [0.0]
    last = len(ordered) - 1
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * ordered[round(last * share)], 3) for name, share in shares.items()}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of a server on this machine")
    parser.add_argument("--path", required=True, help="where every request is posted to")
    parser.add_argument("--body", required=True, help="the JSON body, the same for everybody")
    parser.add_argument("--tokens", required=True, help="a file with one bearer token a line")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=_LONGEST_SECONDS, help="ends sooner when the tokens run out")
    parser.add_argument("--lead", type=float, default=0.0, help="seconds of the same before counting starts")
    parser.add_argument("--skip", type=int, default=0, help="whose turn it is: so many tokens go to the end of the row")
    parser.add_argument("--requests", type=int, help="how many of the tokens are used; default all")
    asked = parser.parse_args(arguments)
    with open(asked.tokens, encoding="ascii") as file:
        tokens = file.read().split()
    in_turn = (tokens[asked.skip :] + tokens[: asked.skip])[: asked.requests]
    requests = build_requests(path=asked.path, body=asked.body, tokens=in_turn)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(
            rush(
                port=asked.port,
                requests=requests,
                connections=min(asked.connections, len(requests)),
                seconds=asked.seconds,
                lead_seconds=asked.lead,
            )
        )
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
