"""Hedge mode as a trader written in Python meets it: orders that name a leg, and both legs in the view."""

import pytest

from sim.agents import Order, StrategyError, Trader

HEDGE = "venues.binance.margin.hedge_mode=true"


class Scripted(Trader):
    """Sends what its script holds for a step; remembers what it saw."""

    script = {}

    def decide(self, view):
        self.seen = {**getattr(self, "seen", {}), view.step: (view["BTCUSDT"], view.wallet, view.equity)}
        return self.script.get(view.step, ())


@pytest.fixture
def play(make):
    """A function that plays a script and returns what the trader saw."""

    def run(script, *overrides):
        offer = Scripted.with_capital(1e6, leverage=5, script=script)
        model = make("baseline", *overrides, traders=[offer])
        model.advance(8)
        return model.traders[0].seen

    return run


def test_both_legs_are_opened_seen_and_closed_by_themselves(play):
    seen = play(
        {0: [Order.buy("BTCUSDT", 2.0, leg="long", at=0.5)], 2: [Order.sell("BTCUSDT", 0.5, leg="short", at=0.5)],
         4: [Order.sell("BTCUSDT", 1.8, leg="long", at=0.5)], 6: [Order.buy("BTCUSDT", 9.0, leg="short", at=0.5)]},
        HEDGE,
    )  # fmt: skip
    legs = {step: (view.long_size, view.short_size, view.position) for step, (view, _, _) in seen.items()}
    assert [legs[step] for step in (0, 1, 3, 5, 7)] == [
        pytest.approx(sizes) for sizes in ((0, 0, 0), (2.0, 0, 2.0), (2.0, 0.5, 1.5), (0.2, 0.5, -0.3), (0.2, 0, 0.2))
    ]
    view, wallet, equity = seen[3]
    assert view.long_entry_price == pytest.approx(seen[1][0].entry_price)
    assert view.short_entry_price == pytest.approx(view.fills[0].price)
    assert equity == pytest.approx(wallet + view.unrealised_pnl, rel=1e-12)
    # The leg that stays keeps its entry; what is won and lost by closing the other is in the wallet.
    closed = seen[5][0]
    assert closed.short_entry_price == pytest.approx(view.short_entry_price)
    assert closed.long_entry_price == pytest.approx(view.long_entry_price, rel=1e-9)
    won = sum(fill.size * (fill.price - view.long_entry_price) for fill in closed.fills)
    fees = 0.0005 * sum(fill.size * fill.price for fill in closed.fills)
    assert seen[5][1] - wallet == pytest.approx(won - fees, abs=0.5)


@pytest.mark.parametrize(
    ("order", "hedge", "why"),
    [(Order.buy("BTCUSDT", 1.0, leg="long"), False, "hedge mode"), (Order.buy("BTCUSDT", 1.0, leg="up"), True, "'up'"),
     (Order.sell("BTCUSDT", 1.0, 118_000, leg="long"), True, "does not rest"),
     (Order.buy("BTCUSDT", 1.0, leg="long", reduce_only=True), True, "reduce_only")],
)  # fmt: skip
def test_a_leg_that_makes_no_sense_is_refused_by_name(play, order, hedge, why):
    with pytest.raises(StrategyError, match=why):
        play({0: [order]}, *([HEDGE] if hedge else []))


def test_closing_a_leg_that_is_not_there_is_refused_by_the_venue(play):
    seen = play({0: [Order.sell("BTCUSDT", 1.0, leg="long")]}, HEDGE)
    assert seen[1][0].rejected == ("reduce_only",) and seen[1][0].position == 0
