"""Where the price of a forced sale stops, and what happens to what it leaves unsold."""

from fractions import Fraction
from math import floor

import pytest
from breach import LOT, START, TICK_VALUE, Breach

from sim.terms.vocabulary import BUY, SELL

DEPTH = 300  # ticks of book, a lot on each
RATE = 0.004  # of the first tier


def stage(side=1, lots=1_000, share=0.5, policy=None, waterfall=None, scope="cross"):
    """Owner 0 with this share of its maintenance margin; one lot on each tick from the mark on."""
    world = Breach({"target": "full", **(policy or {})}, waterfall, scope)
    for tick in range(DEPTH):
        world.book(BUY if side > 0 else SELL, START - side * tick, 1)
    world.hold(0, side * lots)
    world.world.quote_balance[world.account(0)] += floor(world.margin(0)[1] * share) - world.equity(0)
    return world


def reached(world, side=1):
    """Ticks from the mark to the worst fill; None without one."""
    return max((side * (START - int(row["price"])) for row in world.events if row["kind"] == 12), default=None)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("spread, adjustment", [(1.5, 1.0), (3.0, 0.5), (20.0, 2.0), (20.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("share", [0.9, 0.5, 0.25, 0.0])
def test_the_fillable_price_lies_the_farther_from_the_mark_the_worse_the_account(side, spread, adjustment, share):
    dials = {"execution": "ioc_fillable", "fillable_spread": spread, "fillable_adjustment": adjustment}
    world = stage(side, share=share, policy=dials)
    short = min(Fraction(str(adjustment)) * (1 - Fraction(str(share))), Fraction(1))
    world.liquidate()
    assert reached(world, side) == floor(short * Fraction(str(spread)) * Fraction(str(RATE)) * START)


def test_the_fillable_price_of_one_of_two_positions_goes_by_its_own_rate():
    world = Breach({"target": "full", "execution": "ioc_fillable", "fillable_spread": 10.0})
    for k in range(2):
        for tick in range(DEPTH):
            world.book(BUY, START - tick, 1, k)
    world.hold(0, 1_000, equity=0)
    world.hold(0, 1_500, equity=7_750, k=1)  # maintenance 8,000 and 7,500: half of it is there
    assert world.margin(0) == (7_750, 15_500)
    world.liquidate()
    first = [START - int(row["price"]) for row in world.events if row["kind"] == 12 and row["instrument"] == 0]
    assert max(first) == 10 * 0.5 * RATE * START


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("discount", [0.0, 0.0125, 0.25])
def test_the_limit_below_the_mark_is_its_discount_away(side, discount):
    world = stage(side, policy={"execution": "ioc_below_mark", "discount": discount})
    world.liquidate()
    assert reached(world, side) == floor(discount * START)


@pytest.mark.parametrize("side", [1, -1])
def test_bankruptcy_limits_the_price_where_the_policy_says_so_and_not_in_the_others(side):
    worst = {}
    for execution in ("ioc_at_bankruptcy", "market"):
        world = stage(side, lots=200, policy={"execution": execution})
        world.liquidate()
        worst[execution] = reached(world, side)
    assert worst == {"ioc_at_bankruptcy": 2, "market": 199}, "equity of half of 0.4 % is two ticks a lot"


@pytest.mark.parametrize(
    "dials", [{"execution": "ioc_fillable", "fillable_spread": 100.0}, {"execution": "ioc_below_mark", "discount": 0.2}]
)
def test_no_limit_lies_beyond_the_price_band(dials):
    world = stage(policy={**dials, "price_band": 0.03})
    world.liquidate()
    assert reached(world) == 30


@pytest.mark.parametrize("execution", ["ioc_fillable", "ioc_below_mark"])
def test_what_such_a_limit_leaves_unsold_waits_while_the_account_has_equity(execution):
    fund = [{"kind": "insurance_fund", "size": 1.0e6}, {"kind": "auto_deleveraging"}]
    world = stage(policy={"execution": execution, "discount": 0.003}, waterfall=fund)
    kinds = {kind for kind, _, _, _ in world.liquidate()}
    assert "liquidation_sale" in kinds and not kinds & {"take_over", "auto_deleveraging"}
    assert 0 < world.size(0) < 1_000


def test_one_accounts_limit_keeps_no_other_account_from_the_book():
    world = stage(share=0.9, lots=100, policy={"execution": "ioc_fillable", "fillable_spread": 10.0})
    world.hold(1, 100, equity=0)
    world.world.venues[0]["queue_order"] = 1  # by account: the better one is first
    sales = [(owner, -size) for kind, owner, _, size in world.liquidate() if kind == "liquidation_sale"]
    assert sales == [(0, 5), (1, 36)], "four ticks down to 996, then on to 960"


def test_a_market_order_may_cost_more_than_there_is_and_the_fund_pays_what_is_missing():
    world = stage(lots=200, policy={"execution": "market"}, waterfall=[{"kind": "insurance_fund", "size": 1.0e6}])
    found = {kind for kind, _, _, _ in world.liquidate()}
    lost = TICK_VALUE[0] * sum(range(200)) - 200 * LOT[0] * RATE / 2
    paid = next(int(row["amount"]) for row in world.events if row["kind"] == 4)
    assert "fund_payment" in found and paid == lost and world.equity(0) == 0
