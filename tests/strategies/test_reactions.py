"""Traders who look at their accounts: who is warned, what each answer does, who panics, who holds a leverage."""

import numpy as np
import pytest
from hand_made import ANSWERS, ISOLATED, LOTS, MAINTENANCE, Traders
from posting_stage import record_of
from small_worlds import POPULATIONS, small_session

from sim.terms.vocabulary import BUY, EVENT_FILL, EVENT_ORDER_REJECTED, FLAG_REDUCE_ONLY, REJECT_MARGIN, SELL

# Ticks of 1 bp, a deep book and an index that hardly moves: what a trader may add at one look, it may add a step later.
CALM = {
    "venues.venue.contracts": {
        "BTC": {"tick_size": 0.1, "lot_size": 0.01}, "ETH": {"tick_size": 0.01, "lot_size": 0.05},
    },
    **{f"instruments.{name}.price_levels": 16_384 for name in ("BTC", "ETH")},
    **{f"instruments.{name}.index.volatility_bp": 0.3 for name in ("BTC", "ETH")},
}  # fmt: skip
ACTIVE = tuple(name for name in ANSWERS if name not in ("ignore", "late"))


def warned(answer, ratio=1.5, lots=LOTS, settings=None, **dials):
    """One trader whose equity is so many times its maintenance margin."""
    stage = Traders(answer, settings=settings, **dials)
    stage.hold(0, lots)
    stage.fund(0, round(ratio * MAINTENANCE * stage.quote))
    return stage


@pytest.mark.parametrize("answer", ACTIVE)
def test_an_account_at_the_warning_ratio_is_not_warned_and_one_atom_below_is(answer):
    for missing, expected in ((0, False), (1, True)):
        stage = warned(answer, 2.0)
        stage.world.traders["outside_wealth"] = 1 << 50
        stage.fund(0, 2 * MAINTENANCE * stage.quote - missing)
        before = stage.world.quote_balance.copy()
        acted = len(stage.look()) > 0 or (stage.world.quote_balance != before).any()
        assert acted == expected, missing


def test_who_ignores_a_warning_does_nothing():
    stage = warned("ignore", 0.5)
    stage.world.traders["outside_wealth"] = 1 << 50
    before = stage.world.quote_balance.copy()
    assert not any(len(stage.look(t)) for t in range(200))
    assert (stage.world.quote_balance == before).all()


@pytest.mark.parametrize("settings", [{}, ISOLATED], ids=["cross", "isolated"])
def test_a_top_up_restores_the_target_and_outside_wealth_pays_exactly_that(settings):
    stage = warned("top_up", 1.3, settings=settings, target_ratio=3.7)
    owner, wealth = stage.first, 1 << 50
    stage.world.traders["outside_wealth"][owner] = wealth
    equity, maintenance = stage.margin(0)
    assert len(stage.look()) == 0
    restored, _ = stage.margin(0)
    assert 0 <= restored - 3.7 * maintenance < 1.0
    paid = restored - equity
    assert int(stage.world.quote_balance[0]) == -paid
    assert int(stage.world.traders["outside_wealth"][owner]) == wealth - paid


def test_a_top_up_never_takes_more_than_is_left_outside():
    stage = warned("top_up", 1.0)
    owner = stage.first
    stage.world.traders["outside_wealth"][owner] = 7 * stage.quote
    equity, _ = stage.margin(0)
    for t in range(5):
        stage.look(t)
    assert stage.margin(0)[0] - equity == 7 * stage.quote == -int(stage.world.quote_balance[0])
    assert int(stage.world.traders["outside_wealth"][owner]) == 0


def test_an_isolated_top_up_takes_the_wallet_first():
    stage = warned("top_up", 1.0, settings=ISOLATED, target_ratio=4.0)
    owner = stage.first
    stage.world.quote_balance[owner] = 50 * stage.quote
    stage.world.traders["outside_wealth"][owner] = 1 << 50
    stage.look()
    assert int(stage.world.quote_balance[owner]) == 0
    assert -int(stage.world.quote_balance[0]) == (3 * MAINTENANCE - 50) * stage.quote
    assert stage.margin(0)[0] == 4 * MAINTENANCE * stage.quote


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("settings", [{}, ISOLATED], ids=["cross", "isolated"])
def test_reducing_sells_the_part_that_restores_the_target(sign, settings):
    stage = warned("reduce", 1.5, sign * LOTS, settings, target_ratio=4.0)
    orders = stage.look()
    assert len(orders) == 1 and orders["flags"] == FLAG_REDUCE_ONLY
    assert orders["side"] == -sign and orders["size"] == LOTS - int(LOTS * 1.5 / 4.0)
    stage.fill(orders)
    equity, maintenance = stage.margin(0)
    assert equity >= 4.0 * maintenance > equity - 0.011 * MAINTENANCE * stage.quote, "and not a lot more"
    assert not len(stage.look(1)), "the target is above the warning"


@pytest.mark.parametrize("ratio", [0.0, -2.0])
def test_who_reduces_with_nothing_left_closes(ratio):
    orders = warned("reduce", ratio).look()
    assert orders["size"].tolist() == [LOTS]


def test_closing_closes_every_position_of_the_account():
    stage = warned("close", 1.9)
    stage.hold(0, -30, 1)
    orders = stage.look()
    assert sorted(zip(orders["instrument"], orders["side"], orders["size"], strict=True)) == [
        (0, SELL, LOTS), (1, BUY, 30),
    ]  # fmt: skip
    assert (orders["flags"] == FLAG_REDUCE_ONLY).all()


def test_the_orders_of_an_answer_give_in_to_their_slippage():
    for sign, limit in ((1, 990), (-1, 1_010)):
        assert warned("close", 1.5, sign * LOTS, slippage=0.01).look()["price"] == limit


def late_delays(delay, count=1_500, attention=5):
    """(count,) steps from the look at which each is warned first to its answer."""
    stage = Traders("late", count, attention_s=float(attention), late_delay_s=float(delay))
    for i in range(count):
        stage.hold(i, 100)
    answered = np.full(count, -1)
    for t in range(int(14 * delay)):
        owners = stage.look(t)["owner"] - stage.first
        new = owners[answered[owners] < 0]
        answered[new] = t
        stage.world.quote_balance[stage.first + new] += 100 * stage.quote
    first = np.empty(count)
    for turn in range(attention):
        first[turn * count // attention : (turn + 1) * count // attention] = turn
    assert (answered >= 0).mean() > 0.999
    return (answered - first)[answered >= 0]


@pytest.mark.parametrize("delay", [10.0, 40.0])
def test_who_is_late_answers_after_the_stated_delay_on_average(delay):
    found = late_delays(delay)
    assert abs(found.mean() - delay) < 4.0 * found.std() / np.sqrt(len(found))
    assert found.min() == 0 and found.max() > 3.0 * delay and (found % 5 == 0).all()


def test_who_is_late_cuts_all_positions_at_the_same_look():
    stage = Traders("late", 300, late_delay_s=20.0)
    for i in range(300):
        stage.hold(i, 100)
        stage.hold(i, 100, 1)
    orders = stage.look()
    by_instrument = [set(orders["owner"][orders["instrument"] == k].tolist()) for k in (0, 1)]
    assert by_instrument[0] == by_instrument[1] and 0 < len(by_instrument[0]) < 100


def rich_hedger(held=0):
    """A warned trader whose venue would still admit a hedge: the warning comes early."""
    stage = Traders("hedge", warning_ratio=90.0, target_ratio=100.0)
    stage.hold(0, LOTS)
    stage.hold(0, held, 1)
    stage.fund(0, 80 * MAINTENANCE * stage.quote)
    return stage


def test_a_hedge_takes_the_other_side_in_the_next_instrument_up_to_the_position():
    stage = rich_hedger()
    orders = stage.look()
    value = 0.2 * LOTS * 0.01 * 1_000.0
    lots = int(value / (0.05 * 100.0))
    assert orders[["instrument", "side", "flags"]].tolist() == [(1, SELL, 0)]
    assert abs(int(orders["size"][0]) - lots) <= 1
    stage.fill(orders)
    for t in range(1, 30):
        more = stage.look(t)
        assert not len(more) or (more["instrument"] == 1).all() and (more["side"] == SELL).all()
        stage.fill(more)
    assert not len(stage.look(30)) and -stage.position(stage.first, 1) <= LOTS * 0.01 * 1_000.0 / (0.05 * 100.0)


def test_a_hedge_counts_what_is_there_already_and_closes_what_lies_the_same_way():
    assert rich_hedger(-400).look()[["instrument", "side"]].tolist() in ([], [(1, SELL)])
    same = rich_hedger(100).look()
    assert {(int(o["instrument"]), int(o["side"])) for o in same} == {(1, SELL), (0, SELL)}


def test_an_isolated_hedge_reduces():
    stage = warned("hedge", 1.5, settings=ISOLATED, target_ratio=4.0)
    assert stage.look()[["instrument", "side", "flags"]].tolist() == [(0, SELL, FLAG_REDUCE_ONLY)]


def test_a_hedge_that_the_initial_margin_does_not_admit_is_a_reduction():
    poor = warned("hedge", 1.5, target_ratio=4.0).look()
    assert (
        poor[["instrument", "side", "size"]].tolist()
        == warned("reduce", 1.5, target_ratio=4.0).look()[["instrument", "side", "size"]].tolist()
    )


@pytest.mark.parametrize("count, attention", [(7, 3), (7, 13), (40, 40), (100, 7)])
def test_each_trader_is_looked_at_exactly_once_in_its_attention_time(count, attention):
    stage = Traders("close", count, attention_s=float(attention))
    for i in range(count):
        stage.hold(i, 100)
    for start in (0, 3):
        seen = np.concatenate([stage.look(t)["owner"] for t in range(start, start + attention)])
        assert sorted((seen - stage.first).tolist()) == list(range(count))


def fled(move, crowd=0.0, sign=1, count=3_000, **dials):
    """Share of safe traders who close after a move."""
    stage = Traders(count=count, panic_window_s=5.0, **{"panic": 0.05, "panic_move_bp": 100.0, **dials})
    for i in range(count):
        stage.hold(i, sign * 10)
        stage.fund(i, 1_000 * stage.quote)
    stage.world.mids[:, 0] = stage.world.market_view["mid"]
    stage.desk["crowd"] = crowd
    stage.set_price(move, t=5)
    orders = stage.look(5)
    assert (orders["size"] == 10).all() and (orders["side"] == -sign).all()
    return len(orders) / count


@pytest.mark.parametrize("sign", [1, -1])
def test_panic_grows_with_the_move_against_the_position(sign):
    for move in (0.015, 0.04):
        chance = 0.05 * move / 0.01
        assert abs(fled(-sign * move, sign=sign) - chance) < 4.0 * np.sqrt(chance / 3_000)
    assert fled(-sign * 0.01, sign=sign) == 0.0, "at the threshold nobody"
    assert fled(sign * 0.04, sign=sign) == 0.0, "a move in favour frightens nobody"
    assert fled(-sign * 0.04, sign=sign, panic=0.0) == 0.0


def test_panic_grows_with_the_crowd_by_herding():
    for crowd, herding in ((0.0, 5.0), (0.5, 5.0), (0.5, 0.0)):
        chance = 0.05 * 2.0 * (1.0 + herding * crowd)
        assert abs(fled(-0.02, crowd, herding=herding) - chance) < 4.0 * np.sqrt(chance / 3_000)


def test_the_crowd_remembers_over_the_attention_time_who_fled():
    stage = Traders(count=1_000, attention_s=10.0, panic=1.0, panic_window_s=5.0)
    for i in range(1_000):
        stage.hold(i, 10)
        stage.fund(i, 1_000 * stage.quote)
    stage.world.mids[:, 0] = stage.world.market_view["mid"]
    stage.set_price(-0.03, t=5)
    for n in range(1, 6):
        assert len(stage.look(5)) == 100
        assert stage.desk["crowd"] == pytest.approx(1.0 - 0.9**n)
    stage.set_price(0.0, t=6)
    stage.world.mids[:] = stage.world.market_view["mid"][:, None]
    stage.look(6)
    assert stage.desk["crowd"] == pytest.approx(0.9 * (1.0 - 0.9**5))


def leverage(stage, i=0):
    """Notional over equity in cross."""
    sizes = stage.world.position_size.reshape(2, -1)[:, stage.first + i]
    units = stage.world.instruments["mark_price"] * stage.world.instruments["tick_value"]
    return float((np.abs(sizes) * units).sum()) / stage.margin(i)[0]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("scope", [{}, ISOLATED], ids=["cross", "isolated"])
@pytest.mark.parametrize("held, expected", [(4.0, 9.4), (9.0, 9.0), (10.9, 10.9), (14.0, 9.8)])
def test_leverage_outside_its_band_is_traded_back_to_what_was_chosen(held, expected, sign, scope):
    stage = Traders(leverage_band=0.2, settings=scope)
    stage.hold(0, sign * LOTS)
    stage.fund(0, round(LOTS * 0.01 * 1_000.0 * stage.quote / held))
    orders = stage.look()
    stage.fill(orders)
    value = abs(stage.position(stage.first)) * 10.0 * stage.quote
    assert value / stage.margin(0)[0] == pytest.approx(expected, abs=0.05)
    assert not len(stage.look(1))


def test_positions_that_share_one_account_are_together_held_at_the_chosen_leverage():
    stage = Traders(leverage_band=0.1)
    stage.hold(0, 300)
    stage.hold(0, 300, 1)
    stage.fund(0, 2_000 * stage.quote)
    for t in range(12):
        orders = stage.look(t)
        assert len(orders) <= 1, "one grows at a time"
        stage.fill(orders)
        assert leverage(stage) <= 10.0
    assert leverage(stage) > 8.5
    assert abs(stage.position(stage.first)) > 300 and abs(stage.position(stage.first, 1)) > 300


@pytest.mark.parametrize("scope", ["cross", "isolated"])
def test_a_leverage_band_is_never_refused_for_margin_in_a_calm_world(scope):
    band = {"attention_s": 2.0, "leverage_band": 0.02}
    people = [item for item in POPULATIONS if item["name"] in ("noise", "arbitrage")]
    people += [record_of("makers", depth=4.0e7, capital=3.0e8)]
    people += [
        record_of("speculators", reactions=band, leverage_median=8.0, leverage_sigma=0.1, both_instruments_share=0.5)
    ]
    traded = 0
    for seed in range(3):
        session = small_session({**CALM, "populations": people, "venues.venue.margin.scope": scope}, seed)
        session.world.clock[0]["record_orders"] = 1
        rows = np.flatnonzero(session.world.traders["population"] == 4)
        session.advance(80)
        events = session.take_events()
        own = events[np.isin(events["actor"], rows)]
        refused = (own["kind"] == EVENT_ORDER_REJECTED) & (own["amount"] == REJECT_MARGIN)
        assert not refused.any()
        traded += int((own["kind"] == EVENT_FILL).sum())
    assert traded > 200


def test_ordinary_additions_are_cut_to_what_free_equity_carries_and_never_refused():
    people = [item for item in POPULATIONS if item["name"] in ("makers", "noise", "arbitrage")]
    people += [record_of("speculators", trades_per_s=8.0, trade_median=5_000.0)]
    for scope in ("cross", "isolated"):
        session = small_session({"populations": people, "venues.venue.margin.scope": scope}, 2)
        session.world.clock[0]["record_orders"] = 1
        rows = np.flatnonzero(session.world.traders["population"] == 4)
        session.advance(80)
        events = session.take_events()
        own = events[np.isin(events["actor"], rows)]
        assert not ((own["kind"] == EVENT_ORDER_REJECTED) & (own["amount"] == REJECT_MARGIN)).any()
        assert (own["kind"] == EVENT_FILL).sum() > 100
