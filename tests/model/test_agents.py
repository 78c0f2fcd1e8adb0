"""What populations and institutions say is what the tables hold."""

import pytest

from sim.agents import Order, Trader

OPEN_LONG = "populations.speculators.leverage_median=60"


class Buyer(Trader):
    """Buys once."""

    def decide(self, view):
        btc = view["BTCUSDT"]
        if btc.position == 0 and not btc.open_orders and self.model.tick < 2:
            return Order.buy("BTCUSDT", 1.0)


@pytest.fixture(params=["cross", "isolated"])
def fallen(make, request):
    """A market after a fall, with liquidations, payments and inventory."""
    model = make("btc_2025_10_10", OPEN_LONG, f"venues.binance.margin.scope={request.param}")
    model.advance(200)
    assert model.liquidation_agent().liquidated_notional > 0
    return model


def test_equities_of_all_agents_and_institutions_add_up_to_what_was_brought_in(fallen):
    world, names = fallen.session.world, fallen.session.names
    value = (world.instruments["mark_price"] * world.instruments["tick_value"])[:, None]
    outside = [0, int(world.venues[0]["treasury"])]
    n = len(world.traders)
    rest = world.quote_balance.reshape(-1, n)[:, outside].sum()
    rest += (world.position_size.reshape(-1, n)[:, outside] * value).sum()
    total = sum(p.equity for p in fallen.populations) + fallen.fund().equity + int(rest) * names.atom
    assert total == pytest.approx(int(world.clock[0]["net_deposits"]) * names.atom, rel=1e-12)


def test_positions_of_all_agents_add_up_to_the_open_interest(fallen):
    for k, name in enumerate(fallen.session.names.instruments):
        longs = sum(p.positions[name][p.positions[name] > 0].sum() for p in fallen.populations)
        longs += max(fallen.fund().inventory[name], 0.0)
        longs += (
            max(int(fallen.session.world.position_size[k * len(fallen.session.world.traders)]), 0)
            * (fallen.session.names.lot_size[k])
        )
        assert longs == pytest.approx(fallen.open_interest(name), rel=1e-9)


def test_the_fund_says_what_the_last_recorded_step_says(fallen):
    rows, atom, fund = fallen.take_steps(), fallen.session.names.atom, fallen.fund()
    last = rows[rows["step"] == fallen.tick - 1][0]
    assert fund.cash == int(last["fund_cash"]) * atom
    assert fund.equity == int(last["fund_equity"]) * atom
    assert fund.net_drain == pytest.approx(int(last["net_drain"]) * atom, abs=1e-6)
    assert fund.largest_need == int(last["fund_need"]) * atom
    assert fund.balance == fund.cash >= 0.0
    assert fund.start > 0.0 and fund.first_payment_step is not None
    assert fund.shortfalls_paid <= fund.shortfalls_presented


def test_the_liquidation_agent_says_what_was_recorded(fallen):
    rows, atom, agent = fallen.take_steps(), fallen.session.names.atom, fallen.liquidation_agent()
    assert agent.liquidated_longs == pytest.approx(sum(rows["liquidated_long"].tolist()) * atom)
    assert agent.liquidated_shorts == pytest.approx(sum(rows["liquidated_short"].tolist()) * atom)
    last = rows[rows["step"] == fallen.tick - 1][0]
    assert agent.pending_accounts == int(last["pending"])
    assert agent.pending_accounts == sum(p.pending_accounts for p in fallen.populations)
    assert (agent.oldest_pending_steps > 0) == (agent.pending_accounts > 0)


def test_effective_leverage_is_notional_over_equity(fallen):
    speculators = fallen.population("speculators")
    assert speculators.notional >= speculators.open_interest >= abs(speculators.net_notional) / 2
    assert speculators.effective_leverage == pytest.approx(speculators.notional / speculators.equity)
    assert speculators.equities.shape == (speculators.count,)
    assert speculators.equity == pytest.approx(speculators.equities.sum())


def test_a_population_with_isolated_margin_counts_wallets_and_collateral(make):
    dials = ("populations.speculators.both_instruments_share=1.0",)
    cross = make("baseline", *dials)
    isolated = make("baseline", *dials, "venues.binance.margin.scope=isolated")
    before = [m.population("speculators").equity for m in (cross, isolated)]
    assert before[0] == before[1] > 0.0


def test_profit_by_part_is_the_change_in_equity_of_every_population_and_trader(make):
    model = make("btc_2025_10_10", OPEN_LONG, traders=[Buyer.with_capital(1e6, leverage=5)])
    start = {p.name: p.equity for p in model.populations} | {"buyer": model.traders[0].equity}
    model.advance(200)
    for agent in (*model.populations, *model.traders):
        profit = agent.profit
        parts = profit.price + profit.spread + profit.funding + profit.fees + profit.liquidation
        assert profit.total == pytest.approx(parts, abs=1e-3)
        assert profit.total + profit.deposits == pytest.approx(agent.equity - start[agent.name], abs=1e-2)
    assert model.traders[0].profit.spread < 0.0 and model.traders[0].profit.fees < 0.0
    assert model.population("speculators").profit.liquidation != 0.0
