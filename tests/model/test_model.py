"""The model is the session, seen through Mesa."""

import numpy as np
import pytest
from mesa import Model
from mesa.datacollection import DataCollector

from sim.agents import InsuranceFund, LiquidationAgent, Trader, TraderPopulation
from sim.engine.session import Session
from sim.model import MarketModel
from sim.scenario import load
from sim.scenario.build import build_session


class Idle(Trader):
    """Never trades."""

    def decide(self, view):
        return None


def btc_price(model):
    """A reporter: last price of the first instrument."""
    return model.last_price("BTCUSDT")


def fund_equity(model):
    """A reporter: what the fund is worth."""
    return model.fund().equity


def speculators_leverage(agent):
    """A reporter of populations."""
    return agent.effective_leverage


def bare(overrides, seed=3):
    return build_session(load("baseline", overrides), seed=seed)


def test_the_models_run_is_the_sessions_run_bit_for_bit(make):
    model = make()
    session = bare(["populations.speculators.count=200", "populations.noise.count=50", "populations.trend.count=20"])
    model.advance(80)
    session.advance(80)
    assert model.digest() == session.digest()
    assert np.array_equal(model.take_steps(), session.take_steps())
    assert np.array_equal(model.take_events(), session.take_events())


def test_stepwise_and_batched_play_the_same_bytes(make):
    batched, stepwise = make(), make()
    batched.advance(60)
    for _ in range(60):
        stepwise.step()
    assert stepwise.tick == batched.tick == 60
    assert stepwise.digest() == batched.digest()
    assert np.array_equal(stepwise.take_steps(), batched.take_steps())


def test_another_seed_is_another_run(make):
    one, other = make(), make(seed=4)
    one.advance(20)
    other.advance(20)
    assert one.digest() != other.digest()


@pytest.mark.parametrize("queue", ["worst_ratio", "shuffled"])
@pytest.mark.parametrize("scope", ["cross", "isolated"])
def test_an_idle_trader_changes_nothing_for_the_others(make, scope, queue):
    dials = [f"venues.binance.margin.scope={scope}", f"venues.binance.liquidation.queue={queue}"]
    dials += ["populations.speculators.leverage_median=60"]
    offers = [Idle.with_capital(5e5), Idle.with_capital(1e6, leverage=10)]
    alone, joined = make("btc_2025_10_10", *dials), make("btc_2025_10_10", *dials, traders=offers)
    alone.advance(200)
    joined.advance(200)
    n, n_instruments = len(alone.session.world.traders), len(alone.session.names.instruments)
    assert alone.liquidation_agent().liquidated_notional > 0
    for column, rows in (("position_size", n_instruments), ("entry_value", n_instruments), ("quote_balance", -1)):
        mine = getattr(alone.session.world, column).reshape(rows, n)
        theirs = getattr(joined.session.world, column).reshape(rows, n + 2)[:, :n]
        assert np.array_equal(mine, theirs), column
    assert np.array_equal(alone.take_steps(), joined.take_steps())
    assert [trader.equity for trader in joined.traders] == [5e5, 1e6]


def test_advance_past_the_horizon_is_refused_and_leaves_the_world_alone(make):
    for traders in ([], [Idle.with_capital(1.0)]):
        model = make("baseline", "steps=10", traders=traders)
        with pytest.raises(ValueError, match="10 are left of the scenario's 10"):
            model.advance(11)
        with pytest.raises(ValueError, match="cannot advance by -1"):
            model.advance(-1)
        assert model.tick == 0


def test_running_ends_with_the_scenario_so_that_run_model_stops(make):
    model = make("baseline", "steps=7")
    model.run_model()
    assert model.tick == model.horizon == 7 and not model.running


@pytest.mark.parametrize("seed", [True, -1, 1.5, 2**63, "1"])
def test_a_seed_that_is_none_is_refused(make, seed):
    with pytest.raises(ValueError, match="seed .* is not allowed"):
        make(seed=seed)


def test_a_record_is_accepted_and_overrides_beside_it_are_refused():
    config = load("baseline", ["populations.speculators.count=200"])
    assert MarketModel(config, seed=1).population("speculators").count == 200
    with pytest.raises(ValueError, match="overrides go with the name or file"):
        MarketModel(config, overrides=["steps=5"])


def test_agents_are_one_per_population_and_institution(make):
    model = make(traders=[Idle.with_capital(1.0)])
    kinds = {kind: len(model.agents_by_type[kind]) for kind in model.agent_types}
    assert kinds == {TraderPopulation: 8, LiquidationAgent: 1, InsuranceFund: 1, Idle: 1}


def test_the_data_collector_works_with_module_level_reporters(make):
    model = make()
    collector = DataCollector(
        model_reporters={"price": btc_price, "fund": fund_equity},
        agenttype_reporters={TraderPopulation: {"leverage": speculators_leverage}},
    )
    for _ in range(5):
        model.step()
        collector.collect(model)
    frame = collector.get_model_vars_dataframe()
    assert list(frame.columns) == ["price", "fund"] and len(frame) == 5
    rows = model.take_steps()
    rows = rows[rows["instrument"] == 0]
    assert frame["price"].tolist() == [p * model.session.names.tick_size[0] for p in rows["last_price"].tolist()]
    leverages = collector.get_agenttype_vars_dataframe(TraderPopulation)["leverage"]
    assert leverages.notna().all() and leverages.max() > 1.0


def test_no_name_that_mesa_uses_is_defined_by_the_model():
    taken = {"time", "steps", "scenario", "agents", "random", "rng", "running", "data_registry", "run_for", "run_until"}
    own = {name for name in vars(MarketModel) if not name.startswith("_")}
    assert not own & taken and not [name for name in own if name.startswith("schedule_")]
    assert issubclass(MarketModel, Model) and MarketModel.step is not Model.step


def test_unknown_names_say_what_is_known(make):
    model = make()
    with pytest.raises(KeyError, match="known: BTCUSDT, ETHUSDT"):
        model.last_price("DOGE")
    with pytest.raises(KeyError, match="no venue 'kraken'; known: binance"):
        model.fund("kraken")
    assert isinstance(model.session, Session)
