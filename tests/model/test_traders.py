"""Traders written in Python trade under everybody's rules, and what makes no sense is refused by name."""

import itertools
import math

import numpy as np
import pytest

from sim.agents import Order, StrategyError, Trader
from sim.evidence.frames import events_frame
from sim.terms.vocabulary import EVENT_FILL, EVENT_ORDER_RESTED, REJECT_MARGIN

TICK, LOT = 1.0, 0.001


class Scripted(Trader):
    """Sends what its script holds for a step; remembers what it saw."""

    script = {}

    def decide(self, view):
        self.seen = [
            *getattr(self, "seen", []),
            (view.step, view.wallet, view.equity, view.liquidated, view["BTCUSDT"]),
        ]
        orders = self.script.get(view.step, ())
        return orders(view) if callable(orders) else orders


class Coin(Trader):
    """Tosses the model's own coin."""

    def decide(self, view):
        return [Order.buy("BTCUSDT", 0.1) if self.random.random() < 0.5 else Order.sell("BTCUSDT", 0.1)]


@pytest.fixture
def play(make):
    """A function that plays a script and returns model and trader."""

    def run(script, steps, *overrides, capital=1e6, leverage=5, **keywords):
        offer = Scripted.with_capital(capital, leverage=leverage, script=script)
        model = make(keywords.pop("scenario", "baseline"), *overrides, traders=[offer], **keywords)
        model.advance(steps)
        return model, model.traders[0]

    return run


def views(trader):
    return {step: view for step, _, _, _, view in trader.seen}


def test_a_market_order_fills_and_is_paid_with_the_takers_fee(play):
    model, trader = play({2: [Order.buy("BTCUSDT", 0.25)]}, 4)
    after = views(trader)[3]
    assert after.position == pytest.approx(0.25) and not after.open_orders
    assert sum(fill.size for fill in after.fills) == pytest.approx(0.25)
    assert all(fill.side == "buy" and not fill.maker for fill in after.fills)
    paid = sum(fill.size * fill.price for fill in after.fills)
    assert after.entry_price == pytest.approx(paid / 0.25)
    fee = paid * model.config.venues["binance"].fees.taker_rate
    rounding = 1e6 - fee - trader.seen[3][1]  # up to a whole atom, fill by fill
    assert -1e-6 < rounding < len(after.fills) * model.session.names.atom
    assert trader.equity == pytest.approx(trader.view().wallet + trader.view()["BTCUSDT"].unrealised_pnl, abs=1e-6)
    assert trader.positions == {"BTCUSDT": pytest.approx(0.25), "ETHUSDT": 0.0}


def test_a_resting_order_is_seen_and_cancelled_by_its_id(play):
    def cancel(view):
        return [Order.cancel(order.order_id) for order in view["BTCUSDT"].open_orders[:1]]

    script = {1: [Order.buy("BTCUSDT", 0.1, price=100_000), Order.buy("BTCUSDT", 0.2, price=100_500.7)], 2: cancel}
    model, trader = play(script, 3)
    first, second = views(trader)[2].open_orders
    assert (first.side, first.size, first.price) == ("buy", pytest.approx(0.1), 100_000.0)
    assert second.price == 100_500.0, "a buyer's limit is rounded down to the tick"
    assert trader.view()["BTCUSDT"].open_orders == (second,)
    assert Order.sell("BTCUSDT", 1, price=2).side == -Order.buy("BTCUSDT", 1, price=2).side


def test_cancel_all_takes_orders_and_stops_of_that_instrument_alone(play):
    script = {
        0: [
            Order.buy("BTCUSDT", 0.1, price=100_000),
            Order.sell("BTCUSDT", 0.1, stop=90_000),
            Order.buy("ETHUSDT", 0.1, price=4_000),
        ],
        1: [Order.cancel_all("BTCUSDT")],
    }
    _, trader = play(script, 2)
    assert len(views(trader)[1].open_orders) == len(views(trader)[1].stops) == 1
    view = trader.view()
    assert not view["BTCUSDT"].open_orders and not view["BTCUSDT"].stops
    assert len(view["ETHUSDT"].open_orders) == 1


def live_orders(model):
    rows = model.session.world.orders
    return [int(rows[slot]["sequence"]) << 22 | slot for slot in np.flatnonzero(rows["sequence"] >= 0).tolist()]


def test_someone_elses_order_id_is_refused_with_its_value_and_owner(make):
    for number in live_orders(make())[:5]:
        model = make(traders=[Scripted.with_capital(1.0, script={0: [Order.cancel(number)]})])
        before = model.digest()
        said = f"trader scripted, step 0, order 1 .*{number} belongs .* of population makers"
        with pytest.raises(ValueError, match=said):
            model.step()
        assert model.digest() == before and model.tick == 0


def test_the_stop_of_another_trader_is_refused_too(make):
    owner = Scripted.with_capital(1e5, name="owner", script={0: [Order.sell("BTCUSDT", 0.1, stop=90_000)]})
    thief = Scripted.with_capital(1e5, name="thief", script={1: lambda view: [Order.cancel(ids[0])]})
    model = make(traders=[owner, thief])
    model.step()
    ids = [model.traders[0].view()["BTCUSDT"].stops[0].order_id]
    with pytest.raises(ValueError, match="trader thief, step 1, order 1 .* of population owner"):
        model.step()


def test_an_order_id_that_never_was_is_refused_and_one_that_is_gone_is_not(play):
    gone = []

    def remember(view):
        gone.extend(order.order_id for order in view["BTCUSDT"].open_orders)
        return [Order.cancel_all("BTCUSDT")]

    script = {0: [Order.buy("BTCUSDT", 0.1, price=100_000)], 1: remember, 2: lambda view: [Order.cancel(gone[0])]}
    _, trader = play(script, 4)
    assert len(gone) == 1 and not trader.view()["BTCUSDT"].open_orders
    for number in (1 << 50, 10**30, -(10**12)):
        with pytest.raises(ValueError, match=f"no order has had the id {number}"):
            play({0: [Order.cancel(number)]}, 1)


def test_a_reduce_only_order_closes_and_never_opens(play):
    script = {
        0: [Order.sell("BTCUSDT", 0.3, reduce_only=True)],
        1: [Order.buy("BTCUSDT", 0.2)],
        2: [Order.sell("BTCUSDT", 0.5, reduce_only=True)],
    }
    _, trader = play(script, 4)
    seen = views(trader)
    assert seen[1].position == 0.0 and seen[1].rejected == ("reduce_only",)
    assert seen[2].position == pytest.approx(0.2)
    assert seen[3].position == 0.0


def test_a_stop_is_cancelled_by_its_id_and_the_others_sleep_on(play):
    def cancel(view):
        return [Order.cancel(view["BTCUSDT"].stops[0].order_id)]

    script = {0: [Order.sell("BTCUSDT", 0.1, stop=90_000), Order.sell("BTCUSDT", 0.2, stop=91_000)], 1: cancel}
    _, trader = play(script, 2)
    assert [stop.size for stop in trader.view()["BTCUSDT"].stops] == [pytest.approx(0.2)]
    assert trader.view()["BTCUSDT"].stops[0].order_id < -1


def test_a_stop_sleeps_until_its_trigger_and_then_sells(play):
    script = {0: [Order.buy("BTCUSDT", 0.2)], 1: [Order.sell("BTCUSDT", 0.2, stop=116_000, reduce_only=True)]}
    _, trader = play(script, 200, scenario="btc_2025_10_10")
    seen = views(trader)
    assert seen[2].stops[0].trigger_price == 116_000.0 and seen[2].stops[0].price is None
    awake = next(step for step, view in seen.items() if step > 2 and not view.stops)
    assert seen[awake - 1].mark_price > 115_000.0 and seen[awake].mark_price < 116_500.0
    assert seen[awake].position == 0.0 and seen[awake].fills[0].side == "sell"


def test_an_order_beyond_the_initial_margin_is_refused_and_said_so(play):
    _, trader = play({0: [Order.buy("BTCUSDT", 100.0)]}, 2)
    assert views(trader)[1].rejected == ("margin",) and trader.positions["BTCUSDT"] == 0.0


def test_the_reason_of_a_refusal_is_in_the_events_frame(play):
    model, trader = play({0: [Order.buy("BTCUSDT", 100.0)]}, 1)
    frame = events_frame(model.take_events(), model.session.names)
    refused = frame[frame["kind"] == "order_rejected"]
    assert refused["reason"].tolist() == [REJECT_MARGIN]
    assert refused["actor_population"].tolist() == ["scripted"] and refused["counterparty_population"].isna().all()


def test_a_trader_in_breach_is_liquidated_like_anyone_else(play):
    script = {0: [Order.buy("BTCUSDT", 5.0)]}
    model, trader = play(script, 200, scenario="btc_2025_10_10", capital=1e4, leverage=100)
    assert views(trader)[1].position == pytest.approx(5.0)
    assert any(liquidated for _, _, _, liquidated, _ in trader.seen)
    assert trader.positions["BTCUSDT"] == 0.0 and trader.equity < 1e4


def test_orders_of_one_trader_arrive_in_the_order_in_which_it_sent_them(play):
    orders = [Order.buy("BTCUSDT", 0.1, price=100_000 + i) for i in range(20)]
    _, trader = play({0: orders}, 1)
    assert [order.price for order in trader.view()["BTCUSDT"].open_orders] == [100_000.0 + i for i in range(20)]


def test_isolated_collateral_is_allotted_from_the_wallet_and_shown(play):
    _, trader = play({0: [Order.buy("BTCUSDT", 0.5)]}, 2, "venues.binance.margin.scope=isolated", leverage=10)
    _, wallet, equity, _, view = trader.seen[1]
    assert view.collateral == pytest.approx(0.5 * view.mark_price / 10, rel=1e-2)
    assert wallet + view.collateral + view.unrealised_pnl == pytest.approx(equity, abs=1e-6)


def test_same_seed_same_run_with_traders_who_toss_coins(make):
    runs = [make(traders=[Coin.with_capital(1e6, leverage=5)]) for _ in range(2)]
    runs[0].advance(31)
    for _ in range(31):
        runs[1].step()
    assert runs[0].digest() == runs[1].digest()
    assert runs[0].traders[0].positions != {"BTCUSDT": 0.0, "ETHUSDT": 0.0}


def test_order_events_are_recorded_for_user_traders_alone_unless_the_dial_is_on(play):
    script = {0: [Order.buy("BTCUSDT", 0.25)]}
    for dial, all_of_them in (("record.order_events=false", False), ("record.order_events=true", True)):
        model, trader = play(script, 20, dial)
        rows = model.take_events()
        orders = rows[rows["kind"] >= EVENT_ORDER_RESTED]
        own = (orders["actor"] == trader.row) | (orders["counterparty"] == trader.row)
        assert own.any() and own.all() != all_of_them
        fills = orders[own & (orders["kind"] == EVENT_FILL)]
        assert int(np.abs(fills["size"]).sum()) == round(0.25 / LOT)


def test_recording_user_traders_does_not_change_the_run(play):
    script = {0: [Order.buy("BTCUSDT", 0.25)]}
    digests = {play(script, 60, f"record.order_events={dial}")[0].digest() for dial in ("true", "false")}
    assert len(digests) == 1


def test_a_removed_trader_decides_no_more(play):
    model, trader = play({0: [Order.buy("BTCUSDT", 0.1)]}, 1)
    trader.remove()
    model.advance(3)
    assert len(trader.seen) == 1


BAD = {
    "size 0": Order.buy("BTCUSDT", 0),
    "size -1": Order.buy("BTCUSDT", -1),
    "size nan": Order.buy("BTCUSDT", math.nan),
    "size True": Order.buy("BTCUSDT", True),
    "size '1'": Order.buy("BTCUSDT", "1"),
    "size 0.0001 is not allowed; 0.001 to": Order.buy("BTCUSDT", 0.0001),
    "size 10000000000.0": Order.buy("BTCUSDT", 1e10),
    "price inf": Order.sell("BTCUSDT", 1, price=math.inf),
    "price 5 is outside the price ladder": Order.sell("BTCUSDT", 1, price=5),
    "stop -3": Order.sell("BTCUSDT", 1, stop=-3),
    "did you mean BTCUSDT": Order.buy("BTCUSD", 1),
    "no instrument 7": Order.buy(7, 1),
    "limit needs a price": Order.buy("BTCUSDT", 1, kind="limit"),
    "market order takes no price": Order.buy("BTCUSDT", 1, price=100_000, kind="market"),
    "kind 'iceberg'": Order.buy("BTCUSDT", 1, price=100_000, kind="iceberg"),
    "stop with kind post_only": Order.buy("BTCUSDT", 1, price=100_000, kind="post_only", stop=100_000),
    "trigger_by 'index'": Order.sell("BTCUSDT", 1, stop=100_000, trigger_by="index"),
    "'abc' is no order id": Order.cancel("abc"),
    "no instrument 'X'": Order.cancel_all("X"),
    "size 1": Order.buy("BTCUSDT", 10**400),
    "price 1e+300 is outside": Order.buy("BTCUSDT", 1, price=1e300),
    "price nan": Order.buy("BTCUSDT", 1, price=math.nan),
    "side 3": Order("limit", 3, "BTCUSDT", 1.0, 100_000.0),
    "at 1.0 is not allowed": Order.buy("BTCUSDT", 1, at=1.0),
    "trader 1 is not allowed": Order.buy("BTCUSDT", 1, trader=1),
    "42 is no Order": 42,
}


@pytest.mark.parametrize("message", BAD)
def test_an_order_that_makes_no_sense_names_trader_step_and_reason(play, message):
    with pytest.raises(ValueError) as caught:
        play({3: [Order.buy("BTCUSDT", 0.1), BAD[message]]}, 5)
    assert str(caught.value).startswith("trader scripted, step 3, order 2")
    assert message in str(caught.value)


def test_after_a_refused_order_nothing_of_that_step_was_posted(make):
    good = Scripted.with_capital(1e6, name="good", script={0: [Order.buy("BTCUSDT", 0.1)]})
    bad = Scripted.with_capital(1e6, name="bad", script={0: [Order.buy("BTCUSDT", 0)]})
    model = make(traders=[good, bad])
    with pytest.raises(ValueError, match="trader bad, step 0"):
        model.step()
    assert model.tick == 0 and int(model.session.world.clock[0]["inbox_rows"]) == 0


def test_too_many_orders_are_refused_before_the_inbox_is_full(play):
    flood = [Order.buy("BTCUSDT", 0.001, price=100_000)] * 5_000
    with pytest.raises(ValueError, match=r"trader scripted, step 0: decide\(\) gave more than 4096 orders"):
        play({0: flood}, 1)
    with pytest.raises(ValueError, match=r"decide\(\) gave more than 4096 orders"):
        play({0: lambda view: itertools.repeat(flood[0])}, 1)


def test_the_orders_of_all_traders_of_a_step_have_one_bound(make):
    half = [Order.buy("BTCUSDT", 0.001, price=100_000)] * 3_000
    offers = [Scripted.with_capital(1e6, name=name, script={0: half}) for name in ("one", "two")]
    model = make(traders=offers)
    with pytest.raises(ValueError, match="one, two, step 0: 6000 orders are too many; 4096 are allowed"):
        model.step()
    assert int(model.session.world.clock[0]["inbox_rows"]) == 0


def test_as_many_orders_as_are_allowed_are_recorded_step_after_step(play):
    def renew(view):
        quotes = (Order.buy("BTCUSDT", 0.001, price=100_000 + i % 500) for i in range(4_090))
        return [Order.cancel_all("BTCUSDT"), *quotes]

    model, trader = play(dict.fromkeys(range(12), renew), 12)
    assert len(trader.view()["BTCUSDT"].open_orders) == 4_090


def test_an_error_inside_decide_says_whose_it_was(play):
    with pytest.raises(StrategyError) as caught:
        play({1: lambda view: 1 / 0}, 2)
    assert str(caught.value) == "trader scripted, step 1: decide() raised ZeroDivisionError: division by zero"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert (caught.value.population, caught.value.trader, caught.value.step) == ("scripted", None, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"capital": -1.0}, "capital -1.0 is not allowed"),
        ({"capital": math.nan}, "capital nan"),
        ({"capital": True}, "capital True"),
        ({"capital": 1e300}, "capital 1e[+]300"),
        ({"leverage": 0.5}, "leverage 0.5 is not allowed; 1 to 150"),
        ({"leverage": 151.0}, "trader scripted: leverage 151.0 is not allowed; 1 to 150 is"),
        ({"venue": "binanse"}, "did you mean binance"),
        ({"name": "makers"}, "name 'makers' is taken"),
        ({"name": "../x"}, "not made of a-z"),
    ],
)
def test_a_trader_that_cannot_be_seated_is_refused(make, words, message):
    with pytest.raises(ValueError, match=message):
        make(traders=[Scripted.with_capital(**{"capital": 1.0, **words})])


def test_names_follow_the_class_and_are_numbered(make):
    model = make(traders=[Scripted.with_capital(1.0), Scripted.with_capital(1.0)])
    assert [trader.name for trader in model.traders] == ["scripted", "scripted_2"]
    assert model.session.names.populations[-2:] == ("scripted", "scripted_2")


def test_a_class_is_no_offer(make):
    with pytest.raises(ValueError, match="with_capital"):
        make(traders=[Scripted])


def test_a_single_order_may_be_returned_instead_of_a_list(play):
    _, trader = play({2: Order.buy("BTCUSDT", 0.25), 3: None}, 4)
    assert trader.positions["BTCUSDT"] == pytest.approx(0.25)


def test_an_answer_that_is_no_list_of_orders_names_trader_and_step(play):
    with pytest.raises(ValueError, match=r"trader scripted, step 2: decide\(\) gave 7; return .* or yield them"):
        play({2: 7}, 4)


def test_a_trader_without_a_decide_of_its_own_is_refused_before_the_world_is_built():
    class Misspelt(Trader):
        def descide(self, view):
            return []

    with pytest.raises(TypeError, match=r"Misspelt needs a method decide\(self, view\)"):
        Misspelt.with_capital(1e6)
