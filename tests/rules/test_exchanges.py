"""What places cost that are taken instead of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from classbook.rules.exchanges import Exchange, exchange


def of_seats(old: dict[str, int], new: dict[str, int]) -> Exchange:
    return exchange(list(old.items()), list(new.items()), same_time=True)


def of_places(old: list[int], *, today: int, party: int, same_time: bool = True) -> Exchange:
    """Places of one pool, which have no names."""
    return exchange([("pool", cost) for cost in old], [("pool", today)] * party, same_time=same_time)


def test_a_seat_that_is_kept_keeps_its_price_and_a_new_one_costs_what_it_does_today() -> None:
    assert of_seats({"A-1": 1000, "A-2": 700}, {"A-3": 1500, "A-2": 900}) == Exchange((1500, 700), kept=700)


def test_places_without_names_are_kept_as_many_as_there_are() -> None:
    assert of_places([1000, 1000], today=1500, party=3) == Exchange((1000, 1000, 1500), kept=2000)


def test_those_taken_last_are_given_back_first() -> None:
    assert of_places([1000, 1000, 1500], today=9900, party=2) == Exchange((1000, 1000), kept=2000)
    assert of_places([1500, 1000], today=9900, party=1) == Exchange((1500,), kept=1500)


def test_another_time_costs_what_it_does_today() -> None:
    assert of_places([1000, 1000], today=1500, party=2, same_time=False) == Exchange((1500, 1500), kept=2000)
    assert of_places([1000, 1000], today=600, party=2, same_time=False) == Exchange((600, 600), kept=1200)
    assert of_places([1000, 1000], today=1500, party=1, same_time=False) == Exchange((1500,), kept=1000)


COSTS = st.lists(st.integers(0, 5000), min_size=1, max_size=6)


@given(bought=COSTS, today=st.integers(0, 5000), parties=st.lists(st.integers(1, 6), max_size=5))
def test_who_takes_places_and_gives_them_back_has_undone_just_that(
    bought: list[int], today: int, parties: list[int]
) -> None:
    costs, least = bought, len(bought)
    for party in parties:
        costs, least = list(of_places(costs, today=today, party=party).costs), min(least, party)
    assert costs[:least] == bought[:least]
    assert set(costs[least:]) <= {today}.union(bought)


@given(bought=COSTS, today=st.integers(0, 5000), party=st.integers(1, 6), same_time=st.booleans())
def test_what_stays_is_part_of_both(bought: list[int], today: int, party: int, same_time: bool) -> None:
    found = of_places(bought, today=today, party=party, same_time=same_time)
    assert 0 <= found.kept <= min(sum(bought), sum(found.costs))
