"""When the fund takes positions unsold, and who keeps what a liquidation leaves."""

import pytest
from breach import ATOM, LOT, START, TICK_VALUE, Breach

from sim.scenario.checks import check_scenario
from sim.scenario.records import Scenario
from sim.terms.vocabulary import BUY

from small_worlds import small_scenario  # isort: skip

FUND = [{"kind": "insurance_fund", "size": 1.0e6, "throttle_per_step": 1e-9}]  # that keeps what it takes
DEEP = 1_000_000
SCOPES = ("cross", "isolated")
MAINTENANCE = 8_000  # atoms, of 1,000 lots of the first instrument


def stage(equity, scope="cross", waterfall=FUND, **policy):
    """Owner 0 with 1,000 lots and a deep book at the mark; 0.75 of maintenance is the threshold."""
    world = Breach({"target": "full", "take_over_below": 0.75, **policy}, waterfall, scope)
    for k in range(2):
        world.book(BUY, START, DEEP, k)
    world.hold(0, 1_000, equity=equity)
    return world


def cash(world):
    """The fund's balance with inventory at the mark."""
    fund, sizes = int(world.world.venues[0]["fund"]), world.world.position_size.reshape(2, -1)
    return int(world.world.quote_balance[fund]) + sum(int(sizes[k, fund]) * LOT[k] for k in range(2))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("equity, taken", [(5_999, True), (6_000, False), (7_999, False), (1, True), (-500, True)])
def test_below_the_threshold_the_fund_takes_the_position_with_its_collateral_and_from_it_on_it_is_sold(
    scope, equity, taken
):
    world = stage(equity, scope)
    before = cash(world)
    kinds = [kind for kind, _, _, _ in world.liquidate()]
    assert ("take_over" in kinds) == taken and ("liquidation_sale" in kinds) != taken
    assert world.size(0) == 0
    assert cash(world) - before == (equity if taken else 0)


def test_all_positions_of_a_cross_account_go_with_all_of_its_margin():
    world = stage(1, queue="account")
    world.hold(0, -3_000, equity=9_000, k=1)
    before = cash(world)
    taken = [(k, size) for kind, owner, k, size in world.liquidate() if kind == "take_over" and owner == world.fund]
    assert sorted(taken) == [(0, 1_000), (1, -3_000)]
    assert int(world.world.quote_balance[world.account(0)]) == 0 and cash(world) - before == 9_000


def test_of_isolated_positions_only_the_one_below_the_threshold_goes():
    world = stage(100, "isolated")
    world.hold(0, 1_000, equity=100_000, k=1)
    world.world.quote_balance[world.first] = 777
    world.liquidate()
    assert (world.size(0), world.size(0, 1)) == (0, 1_000)
    assert world.equity(0, 1) == 100_000 and int(world.world.quote_balance[world.first]) == 777


def test_what_the_fund_cannot_take_is_sold_on_the_book():
    poor = [{"kind": "insurance_fund", "size": 100.0, "stressed_close_out_rate": 0.5}]
    world = stage(5_000, waterfall=poor)
    kinds = [kind for kind, _, _, _ in world.liquidate()]
    assert "liquidation_sale" in kinds and world.size(0) == 0


@pytest.mark.parametrize("first", ["insurance_fund", "auto_deleveraging"])
def test_without_equity_the_order_of_the_waterfall_holds(first):
    layers = [*FUND, {"kind": "auto_deleveraging"}]
    world = Breach({"take_over_below": 0.75}, layers if first == "insurance_fund" else layers[::-1])
    world.hold(0, 1_000, equity=-500)
    found = {kind for kind, _, _, _ in world.liquidate()} & {"take_over", "auto_deleveraging"}
    assert found == {"take_over" if first == "insurance_fund" else "auto_deleveraging"}


def test_a_take_over_waits_for_no_throttle_and_no_cap():
    world = stage(7_000, throttle={"max_fraction": 0.1, "cooldown_steps": 50}, cap_per_step=1_000.0)
    assert world.sold(0) == [100]
    world.world.quote_balance[world.account(0)] -= 3_000  # maintenance is 7,200 now, equity 4,000
    world.set_mark(START)
    assert ("take_over", world.fund, 0, 900) in world.liquidate(1)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("leftover_to", ["trader", "fund"])
def test_what_is_left_of_an_emptied_account_goes_to_whom_the_rules_name(scope, leftover_to):
    world = stage(7_000, scope, leftover_to=leftover_to, fee_rate=0.0005)
    world.world.quote_balance[world.first] += 50_000 if scope == "isolated" else 0  # the wallet of an isolated trader
    wallet, before, fee = int(world.world.quote_balance[world.first]), cash(world), 1_000 * LOT[0] // 2_000
    world.liquidate()
    own = int(world.world.quote_balance[world.first])
    assert cash(world) - before == (7_000 if leftover_to == "fund" else fee)
    assert int(world.world.funds[0]["fees"]) == cash(world) - before
    if scope == "isolated":
        assert own - wallet == (0 if leftover_to == "fund" else 7_000 - fee)
        assert int(world.world.quote_balance[world.account(0)]) == 0
    else:
        assert own == (0 if leftover_to == "fund" else 7_000 - fee)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_partial_liquidation_leaves_the_collateral_where_it_is(scope):
    world = stage(7_000, scope, target="restore", leftover_to="fund")
    world.liquidate()
    assert 0 < world.size(0) < 1_000 and world.equity(0) == 7_000


@pytest.mark.parametrize(
    "policy, waterfall, path, rule",
    [
        ({"take_over_below": 0.5}, [{"kind": "auto_deleveraging"}], "take_over_below", "0.5 without an insurance_fund"),
        ({"leftover_to": "fund", "cancel_orders": "none"}, FUND, "cancel_orders", "none leaves orders of an account"),
    ],
)
def test_rules_that_lack_what_they_need_are_refused_by_path_value_and_rule(policy, waterfall, path, rule):
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"].update(policy)
    tree["venues"]["venue"]["waterfall"] = waterfall
    found = check_scenario(Scenario.model_validate(tree))
    assert any(
        ".".join(map(str, where)) == f"venues.venue.liquidation.{path}" and rule in text for where, text in found
    )


@pytest.mark.parametrize("leftover_to", ["trader", "fund"])
@pytest.mark.parametrize("take_over_below", [None, 0.75])
def test_an_isolated_loser_leaves_every_other_balance_as_it_is(leftover_to, take_over_below):
    world = stage(5_000, "isolated", leftover_to=leftover_to, take_over_below=take_over_below)
    for owner in range(1, 4):
        world.hold(owner, 1_000 * owner, equity=40_000 * owner)
    world.hold(0, 500, equity=50_000, k=1)
    world.set_mark(START)
    before = world.world.quote_balance.copy()
    world.liquidate()
    touched = {int(row) for row in (before != world.world.quote_balance).nonzero()[0]}
    maker, fund, treasury = world.account(5), int(world.world.venues[0]["fund"]), int(world.world.venues[0]["treasury"])
    assert touched <= {world.account(0), world.first, maker, world.first + 5, fund, treasury}
    assert world.size(0) == 0 and ATOM * TICK_VALUE[0] == 0.01


@pytest.mark.parametrize("waterfall", [[], [{"kind": "auto_deleveraging"}]])
@pytest.mark.parametrize("execution", ["ioc_at_bankruptcy", "market"])
def test_without_a_fund_in_the_waterfall_nothing_is_taken_over(waterfall, execution):
    world = Breach({"target": "full", "execution": execution}, waterfall)
    world.hold(0, 1_000, equity=1)
    world.hold(1, 1_000, equity=0)
    found = {kind for kind, _, _, _ in world.liquidate()}
    assert "take_over" not in found and world.size(world.fund) == 0
    assert (world.size(0), world.size(1)) == (1_000, 0 if waterfall else 1_000), "opposites are closed"
