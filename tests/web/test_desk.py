"""The desk: one thread that writes, batches that form by themselves, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from classbook.app import App
from classbook.core.asks import ById, Cancel, Reserve
from classbook.errors import Busy, ClassbookError, Internal, Unavailable
from classbook.store.database import Tx
from classbook.values import Outcome, Reservation
from classbook.web.desk import Desk
from tests.makers import Cast, a_class, as_person, broken


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    with closing(Desk(app)) as opened:
        yield opened


@pytest.fixture
def closed_door(desk: Desk) -> Iterator[Callable[[], None]]:
    """The writing thread is kept busy until the returned function is called."""
    opened, inside = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        opened.wait(30)

    desk.call(wait)
    inside.wait(30)
    yield opened.set
    opened.set()


def moves(app: App) -> list[Any]:
    with app.store.read() as tx:
        return tx.rows("SELECT reservation_id, action FROM moves ORDER BY reservation_id, n")


def test_an_ask_is_answered_once_it_is_committed(app: App, cast: Cast, desk: Desk) -> None:
    offering = a_class(app)
    outcome = asyncio.run(desk.ask(Reserve(as_person(cast.ana), offering.id)))
    assert isinstance(outcome, Reservation)
    assert moves(app) == [(outcome.id, "reserve")]


def test_a_refusal_is_an_outcome(app: App, cast: Cast, desk: Desk) -> None:
    outcome = asyncio.run(desk.ask(Reserve(as_person(cast.ana), 999)))
    assert isinstance(outcome, ClassbookError)
    assert outcome.code == "not_found"


def test_what_comes_together_is_answered_in_order_and_never_too_much(app: App, cast: Cast, desk: Desk) -> None:
    offering, crowd = a_class(app, seats=20), cast.crowd(50)

    async def rush() -> list[Outcome]:
        return list(await asyncio.gather(*[desk.ask(Reserve(as_person(who), offering.id)) for who in crowd]))

    outcomes = asyncio.run(rush())
    assert [type(outcome).__name__ for outcome in outcomes] == ["Reservation"] * 20 + ["SoldOut"] * 30
    assert [outcome.user.id for outcome in outcomes if isinstance(outcome, Reservation)] == [
        who.id for who in crowd[:20]
    ]
    assert broken(app) == []


def test_a_batch_never_exceeds_its_limit_and_keeps_the_order(app: App, cast: Cast) -> None:
    offering, crowd = a_class(app, seats=50), cast.crowd(25)
    with closing(Desk(app, batch_limit=4)) as desk:

        async def rush() -> list[Outcome]:
            return list(await asyncio.gather(*[desk.ask(Reserve(as_person(who), offering.id)) for who in crowd]))

        outcomes = asyncio.run(rush())
    made = [outcome.id for outcome in outcomes if isinstance(outcome, Reservation)]
    assert len(made) == 25
    assert made == sorted(made)


def test_what_waits_during_a_commit_leaves_together(
    app: App, cast: Cast, desk: Desk, closed_door: Callable[[], None]
) -> None:
    offering, crowd = a_class(app, seats=50), cast.crowd(30)

    async def rush() -> list[Outcome]:
        asked = [asyncio.create_task(desk.ask(Reserve(as_person(who), offering.id))) for who in crowd]
        for _ in range(5):
            await asyncio.sleep(0)
        assert not any(task.done() for task in asked)
        closed_door()
        return list(await asyncio.gather(*asked))

    assert all(isinstance(outcome, Reservation) for outcome in asyncio.run(rush()))
    with app.store.read() as tx:
        assert len(tx.rows("SELECT DISTINCT at FROM moves")) == 1


def test_a_bad_ask_never_harms_its_neighbours(app: App, cast: Cast, desk: Desk) -> None:
    offering = a_class(app)

    async def three() -> list[Outcome]:
        return list(
            await asyncio.gather(
                desk.ask(Reserve(as_person(cast.ana), offering.id)),
                desk.ask(Cancel(as_person(cast.ana), ById(999))),
                desk.ask(Reserve(as_person(cast.ben), offering.id)),
            )
        )

    first, second, third = asyncio.run(three())
    assert isinstance(first, Reservation) and isinstance(third, Reservation)
    assert isinstance(second, ClassbookError)


def test_a_full_queue_is_busy_and_says_so_at_once(app: App, cast: Cast) -> None:
    offering, crowd = a_class(app, seats=50), cast.crowd(6)
    opened, inside = threading.Event(), threading.Event()
    with closing(Desk(app, queue_limit=3)) as desk:
        desk.call(lambda: inside.set() or opened.wait(30))  # type: ignore[func-returns-value]
        inside.wait(30)

        async def rush() -> list[Any]:
            asked = [asyncio.create_task(desk.ask(Reserve(as_person(who), offering.id))) for who in crowd]
            for _ in range(5):
                await asyncio.sleep(0)
            refused = [task for task in asked if task.done()]
            opened.set()
            assert len(refused) == 3
            return list(await asyncio.gather(*asked, return_exceptions=True))

        outcomes = asyncio.run(rush())
    assert [type(outcome) for outcome in outcomes] == [Reservation] * 3 + [Busy] * 3
    assert outcomes[-1].retry_after_seconds == 1


def test_steps_share_the_thread_and_their_errors_are_their_callers(desk: Desk) -> None:
    assert desk.call(lambda: threading.current_thread().name).result(30) == "classbook-desk"
    with pytest.raises(ZeroDivisionError):
        desk.call(lambda: 1 // 0).result(30)
    assert asyncio.run(desk.run(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(desk.run(lambda: 1 // 0))


def test_a_step_nobody_waits_for_any_more_is_left_out(desk: Desk, closed_door: Callable[[], None]) -> None:
    ran: list[int] = []
    given_up = desk.call(lambda: ran.append(1))
    last = desk.call(lambda: ran.append(2))
    assert given_up.cancel()
    closed_door()
    last.result(30)
    assert ran == [2]


def test_steps_do_not_starve_asks_nor_asks_steps(
    app: App, cast: Cast, desk: Desk, closed_door: Callable[[], None]
) -> None:
    offering, order = a_class(app), list[str]()
    steps = [desk.call(lambda n=n: order.append(f"step {n}")) for n in range(3)]  # type: ignore[misc]

    async def one() -> None:
        asked = asyncio.create_task(desk.ask(Reserve(as_person(cast.ana), offering.id)))
        asked.add_done_callback(lambda _: order.append("ask"))
        for _ in range(5):
            await asyncio.sleep(0)
        closed_door()
        await asked

    asyncio.run(one())
    for step in steps:
        step.result(30)
    assert set(order) == {"ask", "step 0", "step 1", "step 2"}
    assert order.index("step 0") < order.index("step 1") < order.index("step 2")


def test_closing_finishes_what_was_taken_and_takes_nothing_new(app: App, cast: Cast) -> None:
    offering, desk = a_class(app, seats=50), Desk(app)
    opened, inside = threading.Event(), threading.Event()
    desk.call(lambda: inside.set() or opened.wait(30))  # type: ignore[func-returns-value]
    inside.wait(30)
    step = desk.call(lambda: "done")

    async def last_minute() -> tuple[list[Outcome], Outcome]:
        asked = [asyncio.create_task(desk.ask(Reserve(as_person(who), offering.id))) for who in (cast.ana, cast.ben)]
        for _ in range(5):
            await asyncio.sleep(0)
        closing_up = asyncio.get_running_loop().run_in_executor(None, desk.close)
        while True:
            try:
                desk.call(lambda: None)
            except Unavailable:
                break
        late = asyncio.create_task(desk.ask(Reserve(as_person(cast.cleo), offering.id)))
        for _ in range(5):
            await asyncio.sleep(0)
        assert late.done()
        opened.set()
        taken = list(await asyncio.gather(*asked))
        await closing_up
        return taken, late.result()

    taken, late = asyncio.run(last_minute())
    assert all(isinstance(outcome, Reservation) for outcome in taken)
    assert isinstance(late, Unavailable)
    assert step.result() == "done"
    assert len(moves(app)) == 2
    desk.close()


def test_somebody_who_gives_up_harms_nobody(app: App, cast: Cast, desk: Desk, closed_door: Callable[[], None]) -> None:
    offering = a_class(app)

    async def two() -> Outcome:
        impatient = asyncio.create_task(desk.ask(Reserve(as_person(cast.ana), offering.id)))
        patient = asyncio.create_task(desk.ask(Reserve(as_person(cast.ben), offering.id)))
        for _ in range(5):
            await asyncio.sleep(0)
        impatient.cancel()
        closed_door()
        return await patient

    assert isinstance(asyncio.run(two()), Reservation)
    assert len(moves(app)) == 2


def test_an_event_loop_that_is_gone_does_not_stop_the_desk(
    app: App, cast: Cast, desk: Desk, closed_door: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    offering = a_class(app)

    async def leave() -> None:
        asked = asyncio.create_task(desk.ask(Reserve(as_person(cast.ana), offering.id)))
        for _ in range(5):
            await asyncio.sleep(0)
        asked.cancel()

    asyncio.run(leave())
    closed_door()
    assert isinstance(asyncio.run(desk.ask(Reserve(as_person(cast.ben), offering.id))), Reservation)
    assert "event loop had closed" in caplog.text


def test_a_batch_that_breaks_is_logged_and_the_desk_goes_on(
    app: App, cast: Cast, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    offering = a_class(app)
    nonsense: Any = object()
    with caplog.at_level(logging.ERROR):
        outcome = asyncio.run(desk.ask(nonsense))
    assert isinstance(outcome, Internal)
    assert "a batch of 1 asks failed" in caplog.text
    assert isinstance(asyncio.run(desk.ask(Reserve(as_person(cast.ana), offering.id))), Reservation)


def test_a_database_that_refuses_the_batch_refuses_every_ask_of_it(
    app: App, cast: Cast, desk: Desk, closed_door: Callable[[], None]
) -> None:
    offering, crowd = a_class(app), [cast.ana, cast.ben]

    def break_it(tx: Tx) -> None:
        tx.connection.exec_driver_sql("ALTER TABLE moves RENAME TO moved_away")

    app.store.write(break_it)

    async def two() -> list[Outcome]:
        asked = [asyncio.create_task(desk.ask(Reserve(as_person(who), offering.id))) for who in crowd]
        for _ in range(5):
            await asyncio.sleep(0)
        closed_door()
        return list(await asyncio.gather(*asked))

    outcomes = asyncio.run(two())
    assert all(isinstance(outcome, (Internal, Unavailable)) for outcome in outcomes)
    assert [type(outcome) for outcome in outcomes] == [type(outcomes[0])] * 2
    with app.store.read() as tx:
        assert tx.rows("SELECT count(*) FROM reservations") == [(0,)]
