"""When the venue looks, which orders it cancels, and which positions it closes first."""

import pytest
from breach import START, Breach, send

from sim.terms.vocabulary import BUY, SELL

DEEP = 1_000_000


def two_positions(lots=(1_000, 1_600), equity=1_000, entry=(START, START), **policy):
    """Owner 0 with two positions and a deep book at the mark; maintenance is 8,000 and, up to 2,000 lots, 5 a lot."""
    world = Breach({"execution": "market", **policy})
    for k in range(2):
        world.book(BUY if lots[k] > 0 else SELL, START, DEEP, k)
    for k in range(2):
        world.hold(0, lots[k], equity=equity, k=k, entry_price=entry[k])
    return world


def order_of_sales(world, t=0):
    """(instrument, lots) in the order of the sales."""
    return [(k, -size) for kind, _, k, size in world.liquidate(t) if kind == "liquidation_sale"]


def test_the_largest_requirement_goes_first_and_the_rest_stays_once_the_account_complies():
    assert order_of_sales(two_positions(equity=8_000, target="full")) == [(0, 1_000)]
    assert order_of_sales(two_positions((1_000, 1_800), 8_000, target="full")) == [(1, 1_800)]


@pytest.mark.parametrize("entry, first", [((START + 50, START + 10), 0), ((START - 50, START + 1), 1)])
def test_the_largest_loss_goes_first(entry, first):
    for lots in ((1_000, 1_600), (1_000, 1_800)):
        world = two_positions(lots, 9_000, entry, target="full", selection="largest_loss")
        assert order_of_sales(world)[0][0] == first


def test_of_a_long_and_a_short_the_one_that_loses_goes_first():
    world = two_positions((1_000, -1_600), 8_000, (START - 20, START - 20), target="full", selection="largest_loss")
    assert order_of_sales(world)[0] == (1, -1_600)


def test_a_random_position_goes_first_and_the_draw_is_the_step_s_and_the_seed_s():
    firsts = []
    for t in range(40):
        worlds = [two_positions(equity=8_000, target="full", selection="random") for _ in range(2)]
        one, other = (order_of_sales(world, t)[0][0] for world in worlds)
        assert one == other
        firsts.append(one)
    assert 8 < sum(firsts) < 32


@pytest.mark.parametrize("buffer", [0.0, 0.25])
def test_pro_rata_closes_the_same_share_of_every_position_and_restores_the_account(buffer):
    world = two_positions((1_900, 1_900), 20_000, buffer=buffer, selection="pro_rata")
    assert world.margin(0) == (20_000, 24_700)
    sold = dict(order_of_sales(world))
    assert sold.keys() == {0, 1}
    equity, maintenance = world.margin(0)
    assert equity >= maintenance * (1 + buffer) > equity * 0.99
    assert sold[0] == pytest.approx(sold[1], abs=1)


def test_pro_rata_asks_the_rest_of_the_others_where_one_finds_no_buyers():
    world = Breach({"execution": "market", "selection": "pro_rata"})
    world.book(BUY, START, DEEP, 1)
    world.hold(0, 1_000)
    world.hold(0, 1_500, equity=12_000, k=1)
    assert order_of_sales(world) == [(1, 700)], "3,500 are missing, at five a lot"


@pytest.mark.parametrize("target", ["full", "restore"])
def test_all_closes_every_position_although_the_account_complies_before(target):
    world = two_positions(equity=8_000, target=target, selection="all")
    sales = order_of_sales(world)
    if target == "full":
        assert sales == [(0, 1_000), (1, 1_600)]
    else:
        assert sales == [(0, 1_000)], "a restored account wants nothing more"


def test_the_venue_looks_for_new_breaches_on_its_clock_and_goes_on_with_those_it_knows():
    world = two_positions(equity=1_000, target="full", check_every_steps=4, throttle={"max_notional": 3_000.0})
    assert [bool(order_of_sales(world, t)) for t in range(1, 9)] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("scope, left", [("account", (0, 0)), ("instrument", (0, 1)), ("none", (1, 1))])
def test_open_orders_are_cancelled_as_far_as_the_rules_say(scope, left):
    world = two_positions(equity=8_000, target="full", cancel_orders=scope)
    world.world.quote_balance[world.account(0)] += 10**9
    for k in range(2):
        assert send(world.world, k, SELL, world.first, START + 30, 5) == 0
    world.world.quote_balance[world.account(0)] -= 10**9
    world.set_mark(START)
    assert order_of_sales(world) == [(0, 1_000)]
    open_lots = [int(world.world.positions[k * world.n_traders + world.first]["open_sell_lots"]) for k in range(2)]
    assert tuple(lots // 5 for lots in open_lots) == left
