"""A coin-margined market as a trader written in Python meets it: sizes in quote units, money in coins."""

import pytest

from sim.agents import Order, Trader


class Holder(Trader):
    """Buys at the first step and remembers what it saw."""

    def decide(self, view):
        self.seen = {**getattr(self, "seen", {}), view.step: (view["XBTUSD"], view.wallet, view.equity)}
        return Order.buy("XBTUSD", 50_000) if view.step == 0 else None


def test_what_is_held_is_quote_money_and_what_is_won_are_coins(make):
    model = make(
        "inverse_perpetual", "instruments.XBTUSD.news.0.start_step=3", traders=[Holder.with_capital(2.0, leverage=5)]
    )
    model.advance(60)
    trader = model.traders[0]
    first, bought, now = (trader.seen[step] for step in (0, 1, 59))
    assert first[1] == first[2] == 2.0
    view = bought[0]
    assert view.position == 50_000
    coins = sum(fill.size / fill.price for fill in view.fills)
    assert view.entry_price == pytest.approx(50_000 / coins, rel=1e-6)
    assert bought[1] + view.collateral == pytest.approx(2.0 - 0.00075 * coins, rel=1e-6)
    later, wallet, equity = now
    assert later.mark_price < view.entry_price
    assert later.unrealised_pnl == pytest.approx(50_000 / view.entry_price - 50_000 / later.mark_price, abs=1e-4)
    assert equity == pytest.approx(wallet + later.collateral + later.unrealised_pnl, rel=1e-9)
    assert later.lots_for(1.0) * 10 == pytest.approx(later.mid * 1.265823e-4, abs=10)
