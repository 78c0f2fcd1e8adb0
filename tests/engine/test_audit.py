"""A recount finds what the running totals cannot: a balance, a size or a reserve that was changed without a posting."""

import pytest
from small_worlds import small_session

from sim.engine.audit import RESERVE_PARTS
from sim.engine.errors import InvariantError
from sim.terms.vocabulary import ERROR_BOOK, ERROR_MONEY, ERROR_SIZE

EVERY = {"record.audit_every_steps": 1, "steps": 60}


def broken(change, steps=1, **settings):
    """The error that stops a world in which `change` was made between two steps."""
    session = small_session({**EVERY, **settings}, seed=1)
    session.advance(5)
    change(session.world)
    with pytest.raises(InvariantError) as found:
        session.advance(steps)
    return found.value.code


def with_orders(world):
    return next(row for row, position in enumerate(world.positions) if position["first_order"] >= 0)


def without_orders(world):
    """The last row of all: institutions, which never trade, come first."""
    return next(row for row in range(len(world.positions))[::-1] if world.positions[row]["first_order"] < 0)


def test_a_balance_or_a_size_changed_without_a_posting_stops_the_run():
    def more_money(world):
        world.quote_balance[3] += 1

    def more_lots(world):
        world.position_size[without_orders(world)] += 1

    assert broken(more_money) == ERROR_MONEY
    assert broken(more_lots) == ERROR_SIZE


@pytest.mark.parametrize("column", ["open_buy_lots", "open_sell_lots", "open_buy_value", "open_sell_value"])
def test_a_reserve_that_the_orders_of_its_owner_do_not_make_up_stops_the_run(column):
    def more(world):
        world.positions[with_orders(world)][column] += 1

    assert broken(more) == ERROR_BOOK


def test_a_reserve_without_an_order_stops_the_run_within_as_many_recounts_as_rows_have_parts():
    def more(world):
        world.positions[without_orders(world)]["open_buy_lots"] += 1

    assert broken(more, RESERVE_PARTS) == ERROR_BOOK


def test_a_reserve_without_an_order_is_found_at_the_end_of_the_run_however_rare_recounts_are():
    def more(world):
        world.positions[without_orders(world)]["open_sell_lots"] += 1

    assert broken(more, 55, **{"record.audit_every_steps": 50}) == ERROR_BOOK
