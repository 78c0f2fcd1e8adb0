"""Laws that hold in every world: random small ones, judged after every step and event by event."""

import os
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from isolated import digests_elsewhere
from naive_margin import NaiveMargin
from naive_profit import PARTS, NaiveProfit, booked, equity_of_holders
from replay import Replay
from small_worlds import POPULATIONS, STRESS, TIERS, small_scenario, small_session

from sim.scenario.build import build_session
from sim.terms.vocabulary import (
    EVENT_AUTO_DELEVERAGING,
    EVENT_LIQUIDATION,
    EVENT_LIQUIDATION_SALE,
    EVENT_TAKE_OVER,
)

EXAMPLES = int(os.environ.get("FIRESALE_FUZZ_EXAMPLES", "0"))
EVENT_ROWS = 1 << 15
FORCED = (EVENT_LIQUIDATION_SALE, EVENT_TAKE_OVER, EVENT_AUTO_DELEVERAGING)
FUND = {"kind": "insurance_fund"}
EXECUTIONS = (
    *("ioc_at_bankruptcy",) * 2, "market", "ioc_fillable", "ioc_below_mark", "resting_at_bankruptcy", "transfer",
    "dutch_auction",
)  # fmt: skip
LIQUIDATORS = {"kind": "liquidator", "venue": "venue", "count": 4, "capital": 2.0e4, "latency_steps_max": 4}


def examples(n: int) -> settings:
    """`n` fixed examples, or as many random ones as FIRESALE_FUZZ_EXAMPLES says."""
    return settings(
        max_examples=EXAMPLES or n, derandomize=not EXAMPLES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@st.composite
def waterfalls(draw) -> list[dict[str, Any]]:
    """Nobody, a fund of some size, auto-deleveraging, or both."""
    fund = {
        **FUND,
        "size": draw(st.sampled_from([0.0, 500.0, 20_000.0, 2.0e6])),
        "inexhaustible": draw(st.booleans()),
        "stressed_close_out_rate": draw(st.sampled_from([0.0, 0.02, 0.2])),
        "throttle_per_step": draw(st.sampled_from([None, 5_000.0, 200_000.0])),
    }
    deleveraging = {
        "kind": "auto_deleveraging", "price": draw(st.sampled_from(["bankruptcy", "previous_mark"])),
        "ranking": draw(st.sampled_from(["profit_leverage", "mark_entry_leverage", "random_start"])),
    }  # fmt: skip
    return draw(st.sampled_from([[], [fund], [deleveraging], [fund, deleveraging], [deleveraging, fund]]))


@st.composite
def policies(draw, funded: bool) -> dict[str, Any]:
    """What is sold, in which order, how fast and to which price, and what passes to the fund."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    share = pick(None, 0.1, 0.6)
    throttle = {
        "max_fraction": share, "max_notional": pick(None, 3_000.0, 50_000.0), "cooldown_steps": pick(1, 2, 6),
        "min_notional": 0.0 if share is None else pick(0.0, 1_000.0),
        "two_phase": pick(None, {"above": 5_000.0, "first_fraction": 0.2, "cooldown_steps": 4}),
        "window": pick(None, None, {"capacity": 20_000.0, "steps": 3}),
        "ramp": pick(None, None, {"start": 0.1, "duration_steps": 5}),
    }  # fmt: skip
    found = {
        "execution": pick(*EXECUTIONS),
        "patience_steps": pick(0, 3, 100),
        "fillable_spread": pick(1.5, 20.0), "fillable_adjustment": pick(0.5, 4.0), "discount": pick(0.0, 0.02),
        "target": pick("restore", "restore", "full", "next_tier", "close_factor"), "buffer": pick(0.0, 0.2),
        "tiers_down": pick(1, 2), "close_factor": pick(0.3, 1.0), "throttle": pick(None, None, throttle),
        "take_over_to": pick("fund", "fund", "liquidators"),
        "selection": pick("largest_requirement", "largest_loss", "random", "pro_rata", "all"),
        "take_over_below": pick(None, None, 0.67, 1.0) if funded else None, "check_every_steps": pick(1, 1, 3),
        **pick({}, {"leftover_to": "fund"}, {"cancel_orders": "instrument"}, {"cancel_orders": "none"}),
    }  # fmt: skip
    if found["execution"] in ("transfer", "dutch_auction"):
        found |= {
            "bonus": pick(0.0, 0.01),
            "leftover_to": pick("trader", "fund", "liquidator"),
            "cancel_orders": "account",
        }
        found["transfer_to"] = pick("liquidators", "liquidators", "fund") if funded else "liquidators"
        found["transfer_price"] = "bankruptcy" if found["transfer_to"] == "fund" else pick("bankruptcy", "discount")
        found["auction"] = {
            "start": pick(1.0, 1.05), "floor": pick(0.7, 0.98), "duration_steps": pick(3, 100), "resets": pick(0, 2),
            "fall": "linear",
        }  # fmt: skip
    if found["execution"] == "resting_at_bankruptcy" and found.get("cancel_orders") == "none":
        found["cancel_orders"] = "instrument"
    return found


def stressed(pick) -> dict[str, Any]:
    """What people do under stress: all of it, more or less of each."""
    return {
        **STRESS,
        "populations.speculators.reactions": {
            **STRESS["populations.speculators.reactions"], "attention_s": pick(1.0, 7.0), "panic": pick(0.0, 1.0),
            "outside_wealth": pick(0.0, 2.0), "leverage_band": pick(None, 0.05),
        },
        "populations.speculators.stops": {
            "share": pick(0.0, 1.0), "trigger": pick("mark", "last"), "slippage": pick(None, 0.0, 0.02),
            "reward_to_risk": pick(0.0, 0.5, 3.0),
        },
        "populations.makers.staying_share": pick(0.0, 0.5),
        "populations.makers.return_delay_s": pick(0.0, 10.0),
    }  # fmt: skip


@st.composite
def schedules(draw) -> dict[str, Any]:
    """Rows alone, or mappings of every form."""
    form = draw(st.sampled_from(["rows", "rows", "whole", "size", "whole_size", "ratio", "tiers", "root"]))
    if form == "root":
        more = {"square_root": draw(st.sampled_from([0.0003, 0.02]))}
        return {name: {"tiers": rows[:1], **more} for name, rows in TIERS.items()}
    if form == "rows":
        return TIERS
    more: dict[str, Any] = {"mode": "whole" if form.startswith("whole") else "marginal"}
    if form in ("size", "whole_size"):
        more |= {"slope": draw(st.sampled_from([0.0002, 0.02])), "minimum": draw(st.sampled_from([0.0, 15.0]))}
    if form == "ratio":
        more |= {"initial": {"ratio": draw(st.sampled_from([1.0, 1.2]))}, "minimum": 5.0}
    if form == "tiers":
        more |= {"initial": {"tiers": [[0, 0.016], [10_000, 0.16], [60_000, 0.4]]}}
    keep = 3 if "initial" not in more else 2
    return {name: {"tiers": [row[:keep] for row in rows], **more} for name, rows in TIERS.items()}


@st.composite
def dynamics(draw) -> dict[str, Any] | None:
    """Rates that stay, or that follow volatility or open interest, for all or for new positions."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    if draw(st.integers(0, 2)):
        return None
    volatility = {
        "measure": pick("moving_average", "value_at_risk", "expected_shortfall"), "of": pick("index", "mark"),
        "multiple": pick(0.5, 4.0), "return_steps": pick(1, 3), "horizon_steps": 10, "window": 6, "quantile": 0.75,
        "least_returns": pick(1, 6),
    }  # fmt: skip
    held = {"floor": pick(None, 0.003), "max_step": pick(None, 0.1), "buffer": 0.25, "released_above": 0.02}
    follows = {"volatility": volatility, "anti_procyclicality": held, "update_every_steps": pick(1, 4)}
    scales = {"open_interest": {"BTC": {"low": 1e5, "high": 1e8}}, "update_every_steps": pick(1, 4)}
    sides = {"maintenance": pick(follows, follows, scales), "initial": pick(None, follows, scales)}
    late = "all" if sides["maintenance"] is scales else "new"  # each of several tiers goes a way of its own
    return {**sides, "applies_to": pick("all", "all", late)}


@st.composite
def calls(draw) -> dict[str, Any] | None:
    """None, or calls whose liquidations begin at a breach."""
    if draw(st.integers(0, 3)):
        return None
    steps = draw(st.sampled_from([0, 1, 6]))
    return {"warn": draw(st.sampled_from([None, 2.0])), "restrict": draw(st.sampled_from([None, 1.0])),
            "restore": 1.3, "hysteresis": 0.0, "deadline_steps": steps,
            "delivery_steps": draw(st.sampled_from([0, steps]))}  # fmt: skip


@st.composite
def worlds(draw) -> tuple[dict[str, Any], int, int]:
    """(settings, seed, steps) of a small world in which something happens."""
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    arithmetic, scope = draw(st.booleans()), pick("cross", "isolated")
    waterfall = draw(waterfalls())
    news = pick(-0.2, -0.12, -0.06, 0.0, 0.06, 0.15)
    found = {
        "prices": "arithmetic" if arithmetic else "geometric",
        "mirror": arithmetic and draw(st.booleans()),
        "steps": 60,
        "record.order_events": True,
        "margin_check": pick("safe_radius", "brute_force"),
        "index_correlation": pick(-0.5, 0.0, 0.9),
        "venues.venue.margin": {
            "scope": scope, "schedules": draw(schedules()), "isolated_reserve_share": pick(0.0, 0.3),
            "notional_basis": pick("mark", "mark", "entry"),
            "closing_fee": {"rate": pick(0.0005, 0.01), "basis": pick("none", "none", "mark", "bankruptcy")},
            "unrealised_profit_credit": pick(1.0, 1.0, 0.4, 0.0),
            "calls": draw(calls()), "dynamics": draw(dynamics()),
            "auto_top_up": draw(st.booleans()), "maintenance_scale": pick(0.5, 1.0, 3.0),
            "initial": "max_with_maintenance",
        },
        "venues.venue.liquidation": {
            **draw(policies(any(layer["kind"] == "insurance_fund" for layer in waterfall))),
            "queue": pick("worst_ratio", "account", "shuffled"), "rounds_max": pick(1, 1, 3, 8),
            "latency_steps": pick(0, 0, 1, 3), "cap_per_step": pick(None, 5_000.0, 100_000.0),
            "price_band": pick(None, 0.005, 0.05), "fee_rate": pick(0.0, 0.003, 0.02),
            "impact": pick("on", "on", "on", "off"),
        },
        "venues.venue.waterfall": waterfall,
        "venues.venue.mark_price": {
            "kind": pick("last", "mid", "book_mark", "index"), "basis_window_steps": pick(1, 5, 30),
            "sample_steps": pick(1, 3), "clamp": pick(None, 0.02, 0.2),
        },
        "venues.venue.funding": {"interval_steps": pick(5, 20), "first_step": pick(0, 7), "cap": pick(0.003, 0.05)},
        "instruments.BTC.news": [{"start_step": 5, "duration_steps": pick(1, 6, 20), "size": news}] if news else [],
        "instruments.BTC.index": {
            "distribution": pick("gaussian", "student_t"), "volatility_bp": pick(0.0, 3.0, 20.0),
            "jumps_per_hour": pick(0.0, 120.0), "jump_size_bp": 100.0,
            "follows_book": pick(0.0, 0.5, 1.0), "follow_lag_steps": pick(1, 10),
            "volatility_sigma": pick(0.0, 0.5), "volatility_half_life_s": 5.0,
        },
        "populations.momentum.sizing": pick(
            {"kind": "fixed", "notional": 1e9}, {"kind": "fractional", "share": 1.0}, {"kind": "capped_kelly"},
            {"kind": "volatility_target"},
        ),
        "populations.flow.branching": pick(0.0, 0.6, 0.95),
        "populations.chartists.beta": pick(0.0, 1_000.0, 1e9),
        "populations.speculators.count": draw(st.integers(20, 60)),
        "populations.speculators.leverage_median": pick(3.0, 15.0, 40.0),
        "populations.speculators.long_share": pick(0.0, 0.5, 0.84, 1.0),
        "populations.speculators.both_instruments_share": pick(0.0, 0.4, 1.0),
        "populations.speculators.tail_exponent": pick(0.7, 1.1, 3.0),
        "populations.makers.depth": pick(5.0e4, 4.0e5),
    }  # fmt: skip
    if draw(st.booleans()):
        found = {**stressed(pick), **found}
    people = [*found.pop("populations", POPULATIONS), {**LIQUIDATORS, "required_profit_bp": pick(-200.0, 20.0)}]
    found = {"populations": people, **found}
    return found, draw(st.integers(0, 10_000)), draw(st.integers(30, 60))


def assert_conserved(world) -> None:
    """Money and sizes add up, the book is not crossed, the fund has no debt."""
    n_instruments, n_traders = world.instruments.shape[0], int(world.clock[0]["n_traders"])
    assert int(world.quote_balance.sum()) == int(world.clock[0]["net_deposits"])
    assert (world.position_size.reshape(n_instruments, n_traders).sum(axis=1) == 0).all()
    assert (world.instruments["best_bid"] < world.instruments["best_ask"]).all()
    fund = int(world.venues[0]["fund"])
    cost = sum(int(world.entry_value[k * n_traders + fund]) for k in range(n_instruments))
    assert int(world.quote_balance[fund]) + cost >= 0, "the fund's cash"


def assert_shrinks(before: int, after: int) -> None:
    """No flip, no growth."""
    assert abs(after) <= abs(before) and before * after >= 0, (before, after)


class Witness:
    """Watches the events of one world: who is liquidated, and what that does to positions."""

    def __init__(self, margin: NaiveMargin, marks_hold: bool) -> None:
        self.margin, self.marks_hold = margin, marks_hold

    def before(self, event: dict[str, int], replay: Replay) -> None:
        self.sizes = (self.size(event, "actor", replay), self.size(event, "counterparty", replay))
        if event["kind"] == EVENT_LIQUIDATION and self.marks_hold:
            account = self.margin.account_of(event["actor"], event["instrument"])
            books = (replay.balances, replay.sizes, replay.entries)
            assert self.margin.is_breached(account, *books), "a safe account is liquidated"

    def after(self, event: dict[str, int], replay: Replay) -> None:
        if event["kind"] not in FORCED:
            return
        if event["from_row"] < 0:  # sold on the book: the fills before this event have moved the lots
            held = self.size(event, "actor", replay)
            assert_shrinks(held - event["size"], held)
            return
        assert_shrinks(self.sizes[1], self.size(event, "counterparty", replay))
        if event["kind"] == EVENT_AUTO_DELEVERAGING:
            assert_shrinks(self.sizes[0], self.size(event, "actor", replay))

    def size(self, event: dict[str, int], role: str, replay: Replay) -> int:
        who = event[role]
        return replay.sizes[event["instrument"] * replay.n_traders + who] if 0 <= who < replay.n_traders else 0


def test_every_law_holds_in_random_worlds():
    """Hundreds of worlds, and enough trouble in them: worlds in which nothing breaks prove nothing."""
    seen: Counter[int] = Counter()

    @examples(300)
    @given(worlds())
    def judge(drawn):
        chosen, seed, steps = drawn
        scenario = small_scenario(chosen)
        session = build_session(scenario, seed=seed, event_rows=EVENT_ROWS)
        replay = Replay(session.world)
        single_round = chosen["venues.venue.liquidation"]["rounds_max"] == 1
        witness = Witness(NaiveMargin(scenario, session), single_round)
        assert_conserved(session.world)
        for _ in range(steps):
            session.advance(1)
            assert_conserved(session.world)
            events = session.take_events()
            seen.update(events["kind"].tolist())
            replay.play(events, witness.before, witness.after)
        replay.assert_equals(session.world)

    judge()
    assert seen[EVENT_LIQUIDATION] > 300
    assert min(seen[kind] for kind in FORCED) > 60, seen


def test_random_worlds_give_the_same_bytes_without_jit_and_no_number_overflows():
    found: list[tuple[dict[str, Any], int, int]] = []

    @settings(max_examples=200, derandomize=True, database=None, deadline=None)
    @given(worlds())
    def collect(drawn):
        found.append((drawn[0], drawn[1], 18))

    collect()
    found = found[:200]
    here = []
    for chosen, seed, steps in found:
        session = small_session(chosen, seed)
        session.advance(steps)
        here.append(session.digest())
    assert len(set(here)) > 100, "the worlds must differ"
    assert digests_elsewhere(found, NUMBA_DISABLE_JIT="1") == here


@st.composite
def judged_worlds(draw):
    """Random worlds whose marks stand still within a step: one round, or a mark that is the index."""
    chosen, seed, _ = draw(worlds())
    if draw(st.booleans()):
        chosen["venues.venue.liquidation"]["rounds_max"] = 1
    else:
        chosen["venues.venue.mark_price"]["kind"] = "index"
    return chosen, seed


def test_parts_booked_by_the_engine_are_those_of_a_naive_recount_of_events_in_random_worlds():
    seen: Counter[str] = Counter()

    @examples(60)
    @given(judged_worlds())
    def judge(drawn):
        chosen, seed = drawn
        session = build_session(small_scenario(chosen), seed=seed, event_rows=1 << 15)
        naive = NaiveProfit(session)
        start = equity_of_holders(session)
        for _ in range(40):
            session.advance(1)
            naive.play(session.take_steps(), session.take_events())
            assert booked(session) == {key: value for key, value in naive.parts.items() if value}
        change = np.array(equity_of_holders(session)) - start
        for holder, moved in enumerate(change.tolist()):
            assert moved == sum(naive.parts[holder, part] for part in PARTS)
        rejected = session.world.profits["rejected"].reshape(-1, 2).sum(axis=1)
        assert {h: int(n) for h, n in enumerate(rejected) if n} == {h: n for h, n in naive.rejected.items() if n}
        seen.update(part for (_, part), value in naive.parts.items() if value)

    judge()
    assert min(seen[part] for part in PARTS[:-1]) > 30, seen
