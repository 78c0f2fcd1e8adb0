"""Positions that are handed over off the book: who takes them, at which price, what each is paid, who pays."""

import pytest
from breach import START, TICK_VALUE
from offers import AUCTION, EQUITY, held, rows, stage, won, worth

from sim.scenario.checks import check_scenario
from sim.terms.vocabulary import BUY

from small_worlds import small_scenario  # isort: skip

SCOPES = ("cross", "isolated")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("side", [1, -1])
def test_at_the_bankruptcy_price_the_liquidators_win_all_that_the_account_had(scope, side):
    world = stage(scope=scope, side=side)
    before = worth(world)
    kinds = [kind for kind, *_ in world.liquidate()]
    assert kinds.count("take_over") == 5 and "fill" not in kinds and "liquidation_sale" not in kinds
    assert world.size(0) == 0 and held(world) == [200 * side] * 5, "as much as the capital of each carries"
    assert won(world, before) == EQUITY and world.equity(0) == 0
    assert int(world.world.profits["liquidation"].reshape(-1, 2)[:, 0].sum()) == 0


def test_nobody_takes_what_gives_less_than_each_requires_and_after_the_patience_the_next_layer_does():
    world = stage(people={"required_profit_bp": 21.0})
    for t in range(3):
        assert [kind for kind, *_ in world.liquidate(t)] == ["liquidation"] * (t == 0)
    assert ("take_over", world.fund, 0, 1_000) in world.liquidate(3) and held(world) == [0] * 5


@pytest.mark.parametrize("scope", SCOPES)
def test_at_a_discount_bonus_fee_and_what_is_left_go_where_the_dials_say_to_the_atom(scope):
    policy = {"transfer_price": "discount", "discount": 0.001, "bonus": 0.0004, "fee_rate": 0.0002,
              "leftover_to": "liquidator"}  # fmt: skip
    world = stage(policy, {"count": 1, "capital": 1e5}, scope=scope, equity=5_000)
    before, fees = worth(world), int(world.world.funds[0]["fees"])
    wallet = int(world.world.quote_balance[world.first])
    world.liquidate()
    # A tick of 2 on 1,000 lots; 0.04 % and 0.02 % of 2 million; 5,000 - 2,000 - 800 - 400 are left.
    assert won(world, before) == 2_000 + 800 + 1_800 and int(world.world.funds[0]["fees"]) - fees == 400
    assert int(world.world.quote_balance[world.account(0)]) == 0 and world.size(0) == 0
    assert int(world.world.quote_balance[world.first]) == (wallet if scope == "isolated" else 0)


def test_the_discount_is_never_paid_beyond_bankruptcy_and_the_bonus_only_as_far_as_there_is_equity():
    world = stage({"transfer_price": "discount", "discount": 0.05}, {"count": 1, "capital": 1e5})
    before = worth(world)
    world.liquidate()
    assert won(world, before) == EQUITY
    world = stage({"transfer_price": "discount", "bonus": 0.01}, {"count": 1, "capital": 1e5})
    before = worth(world)
    world.liquidate()
    assert won(world, before) == EQUITY and world.equity(0) == 0, "a hundredth would be 20,000"


@pytest.mark.parametrize("side", [1, -1])
def test_a_restoring_transfer_counts_discount_bonus_and_fee_and_ends_safe(side):
    policy = {"target": "restore", "transfer_price": "discount", "discount": 0.001, "bonus": 0.0005, "fee_rate": 0.0005}
    world = stage(policy, {"count": 1, "capital": 1e6}, side=side, equity=6_000)
    # 8 a lot are freed, 2,000 atoms x 0.2 % = 4 are spent: 2,000 missing are 500 lots.
    world.liquidate()
    assert world.size(0) == 500 * side and world.margin(0) == (4_000, 4_000)


def test_liquidators_see_an_offer_after_a_time_of_their_own():
    world = stage({"patience_steps": 50}, {"count": 40, "capital": 1e5, "latency_steps_max": 8})
    taken = {}
    for owner in range(4):
        if owner:
            world.hold(owner, 1_000, equity=EQUITY)
    for t in range(10):
        for kind, who, _, _ in world.liquidate(t):
            if kind == "take_over":
                taken.setdefault(who, t)
    assert len(taken) >= 1 and all(world.size(owner) == 0 for owner in range(4))
    late = stage({"patience_steps": 50}, {"count": 1, "capital": 1e5, "latency_steps_max": 100_000})
    assert [kind for kind, *_ in late.liquidate()] == ["liquidation"]


def test_who_comes_first_is_drawn_anew_in_each_step_and_the_same_in_a_second_run():
    def winners():
        found = []
        for t in range(6):
            world = stage(people={"capital": 1e5})
            world.liquidate(t)
            found.append(held(world).index(1_000))
        return found

    assert winners() == winners() and len(set(winners())) > 2


@pytest.mark.parametrize("side", [1, -1])
def test_an_auctions_price_falls_until_it_gives_what_a_liquidator_requires(side):
    world = stage({"execution": "dutch_auction", "auction": AUCTION}, {"capital": 1e5, "required_profit_bp": 45.0},
                  side=side)  # fmt: skip
    before = worth(world)
    found = [world.liquidate(t) for t in range(7)]
    # 1,050 less 10 a step: 1,000 at the fifth, 990 at the sixth; on 1,000 lots that is 20,000 of 4,000.
    assert all("take_over" not in {kind for kind, *_ in row} for row in found[:6])
    assert {kind for kind, *_ in found[6]} >= {"take_over", "fund_payment"} and world.size(0) == 0
    assert int(world.events[world.events["kind"] == 2]["price"][0]) == START - 10 * side
    assert won(world, before) == 20_000
    assert int(world.world.funds[0]["shortfalls_paid"]) == 16_000 and world.equity(0) == 0


def test_an_exponential_price_is_cut_by_the_same_share_every_few_steps():
    auction = {**AUCTION, "fall": "exponential", "cut": 0.98, "every_steps": 2, "duration_steps": 40, "floor": 0.9}
    world = stage({"execution": "dutch_auction", "auction": auction}, {"capital": 1e5, "required_profit_bp": 1.0})
    found = [world.liquidate(t) for t in range(7)]
    # 1.05, 1.029, 1.00842, 0.988251: at the sixth step, rounded up to the tick.
    assert [any(kind == "take_over" for kind, *_ in row) for row in found] == [False] * 6 + [True]
    assert int(world.events[world.events["kind"] == 2]["price"][0]) == 989


def test_an_auction_sells_in_parts_to_those_who_have_the_capital():
    world = stage({"execution": "dutch_auction", "auction": AUCTION}, {"count": 2, "required_profit_bp": 45.0})
    for t in range(7):
        world.liquidate(t)
    assert world.size(0) > 500 and all(200 <= lots < 210 for lots in held(world))


def test_an_auction_that_ends_unfilled_passes_to_the_next_layer_after_its_resets():
    auction = {**AUCTION, "resets": 1}
    world = stage({"execution": "dutch_auction", "auction": auction}, {"required_profit_bp": 900.0})
    taken = [any(kind == "take_over" for kind, *_ in world.liquidate(t)) for t in range(22)]
    assert taken == [False] * 21 + [True] and world.size(world.fund) == 1_000
    assert held(world) == [0] * 5


def test_a_new_auction_begins_at_the_mark_of_its_own_start():
    world = stage({"execution": "dutch_auction", "auction": {**AUCTION, "resets": 5}},
                  {"capital": 1e5, "required_profit_bp": 45.0}, equity=0)  # fmt: skip
    world.set_mark(900)  # it falls from 945 now
    world.world.quote_balance[world.account(0)] -= world.equity(0) - 100
    for t in range(6):
        world.liquidate(t)
    assert world.size(0) == 1_000
    world.liquidate(6)
    assert int(world.events[world.events["kind"] == 2]["price"][0]) == 891  # 0.99 of 900


@pytest.mark.parametrize("people, taker", [({}, "volunteers"), ({"required_profit_bp": 50.0}, "fund")])
def test_volunteers_are_asked_before_the_fund_for_what_an_order_left(people, taker):
    world = stage({"execution": "ioc_at_bankruptcy", "take_over_to": "liquidators", "bonus": 0.0}, people)
    world.book(BUY, START - 2, 250)
    world.liquidate()
    assert world.size(0) == 0
    volunteered = 750 if taker == "volunteers" else 0
    assert sum(held(world)) == volunteered and world.size(world.fund) == 750 - volunteered


def test_the_pool_takes_what_a_liquidator_calls_in_and_pays_the_caller():
    policy = {"transfer_to": "fund", "bonus": 0.0005}
    world = stage(policy)
    before, fund = worth(world), int(world.world.venues[0]["fund"])
    balance = int(world.world.quote_balance[fund])
    world.liquidate()
    # 0.05 % of 2 million to who called, the rest of the 4,000 to the fund with the position.
    assert won(world, before) == 1_000 and world.size(world.fund) == 1_000
    assert int(world.world.quote_balance[fund]) + 1_000 * START * TICK_VALUE[0] - balance == 3_000
    asleep = stage(policy, {"latency_steps_max": 100_000})
    assert "take_over" not in {kind for kind, *_ in asleep.liquidate()}


def test_a_liquidator_in_breach_is_relieved_by_the_others_and_takes_nothing_itself():
    world = stage(people={"count": 2, "capital": 1e5, "required_profit_bp": -9_000.0})
    own = rows(world)[0]
    world.hold(own - world.first, 500, equity=1_000)
    found = world.liquidate()
    takers = {who for kind, who, _, _ in found if kind == "take_over"}
    assert takers == {rows(world)[1] - world.first} and held(world) == [0, 1_500] and world.size(0) == 0


def test_a_liquidator_without_the_capital_for_a_lot_takes_none():
    for capital, lots in ((4.9, 0), (5.0, 1)):  # 980 and 1,000 atoms; a lot at 998 needs half of 1,996
        world = stage(people={"count": 1, "capital": capital, "required_profit_bp": -9_000.0})
        world.liquidate()
        assert held(world) == [lots] and world.size(0) == 1_000 - lots


@pytest.mark.parametrize(
    "policy, path, rule",
    [
        ({"execution": "market", "bonus": 0.01}, "bonus", "0.01 is paid to nobody under execution: market"),
        ({"execution": "market", "leftover_to": "liquidator"}, "leftover_to", "execution: market has none"),
        ({"transfer_to": "fund", "transfer_price": "discount"}, "transfer_price", "the fund takes at the bankruptcy"),
        ({"execution": "dutch_auction"}, "auction", "is missing"),
        ({"auction": {"start": 1.0, "floor": 1.0}}, "auction.floor", "1 is not below start, 1: the price"),
        ({"auction": {"duration_steps": 5, "every_steps": 6}}, "auction.every_steps", "6 is above duration_steps, 5"),
        (
            {"auction": {"fall": "exponential", "cut": 0.99, "duration_steps": 10}},
            "auction.duration_steps", "never to the floor, 0.8",
        ),
        ({"auction": {"duration_steps": 0}}, "auction.duration_steps", "greater than or equal to 1"),
        ({"auction": {"every_steps": -1}}, "auction.every_steps", "greater than or equal to 1"),
        ({"auction": {"cut": 1.0}}, "auction.cut", "less than 1"),
        ({"auction": {"floor": 0.0}}, "auction.floor", "greater than 0"),
    ],
)  # fmt: skip
def test_an_auction_that_never_ends_and_pay_without_a_payee_are_refused_by_path_value_and_rule(policy, path, rule):
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"].update({"execution": "transfer", **policy})
    try:
        found = check_scenario(type(small_scenario()).model_validate(tree))
    except ValueError as error:
        found = [(item["loc"], item["msg"]) for item in error.errors()]
    places = {".".join(map(str, where)): text for where, text in found}
    assert rule in places[f"venues.venue.liquidation.{path}"]


def test_the_fund_cannot_take_what_is_transferred_to_it_where_there_is_none():
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"].update({"execution": "transfer", "transfer_to": "fund"})
    tree["venues"]["venue"]["waterfall"] = []
    (problem,) = check_scenario(type(small_scenario()).model_validate(tree))
    assert problem[0][-1] == "transfer_to" and "without an insurance_fund" in problem[1]
