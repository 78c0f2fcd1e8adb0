"""The small worlds of the conformance suite: calm, an empty book, a missing side, a fall, isolated margin."""

import random
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

from sim.agents.orders import Order
from sim.agents.strategy import Strategy
from sim.agents.trader import Trader
from sim.price_sources import News
from sim.scenario import Scenario, load
from sim.scenario.schedules import initial_rows
from sim.strategies import PARTS

World = Literal["calm", "empty", "one_sided", "fall", "isolated"]
FEW = {"speculators": 150, "noise": 30, "trend": 20, "basis": 20, "makers": 4}
LIQUIDATED_FROM = 3  # step in which the suite buys for the strategy
FALL_FROM, FALL_STEPS, FALL_SIZE = 8, 10, -0.2
SMALL_CAPITAL, MOST_LEVERAGE, SHARE = 1.0e4, 50.0, 0.6


class Bidder(Trader):
    """Quotes bids alone, so that the other side of the book stays empty."""

    def decide(self, view: Any) -> Any:
        """A bid below the last price in each instrument, renewed each step."""
        for name in view:
            yield Order.cancel_all(name)
            yield Order.buy(name, 100 * view[name].lot_size, view[name].last_price * 0.995)


@dataclass
class Subject:
    """A strategy to be tried: its population's fields, and its class where it is written in Python."""

    title: str
    fields: dict[str, Any]
    strategy: type[Strategy] | None
    bought: float = 0.0  # quote units that the suite buys for each of its traders before the fall
    name: str = "under_test"


def build(subject: Subject, scenario: str | Scenario, world: World, steps: int) -> Scenario:
    """The scenario of one world, with the strategy as the last of its populations."""
    config = scenario if isinstance(scenario, Scenario) else load(scenario)
    venue, fields = next(iter(config.venues)), dict(subject.fields)
    instruments = [item.model_copy(update={"news": ()}) for item in config.instruments]
    if world == "fall":
        news = News(start_step=FALL_FROM, duration_steps=FALL_STEPS, size=FALL_SIZE)
        instruments = [item.model_copy(update={"news": (news,)}) for item in config.instruments]
        if subject.strategy is not None:
            listed = next(item for item in config.instruments if item.venue == venue)
            leverage = min(MOST_LEVERAGE, 1.0 / float(initial_rows(config, listed)[0][1]))
            fields |= {"capital": SMALL_CAPITAL, "leverage": leverage}
            subject.bought = SHARE * SMALL_CAPITAL * leverage
    scope = "isolated" if world == "isolated" else "cross"
    own = {"name": subject.name, "venue": venue} | ({} if fields["kind"] == "liquidator" else {"margin_scope": scope})
    tested = _record(fields | own, subject.strategy)
    others = tuple(
        record.model_copy(update={"count": FEW[record.name]}) if record.name in FEW else record
        for record in config.populations
        if record.kind != "python"
    )
    if world in ("empty", "one_sided"):
        others = ()
    if world == "one_sided":
        bidder = {"kind": "python", "file": "-", "strategy": "Bidder", "capital": 1.0e6, "leverage": 2.0}
        others = (_record(bidder | {"name": "bidder", "venue": venue}, Bidder),)
    recording = config.record.model_copy(update={"audit_every_steps": 1, "order_events": True})
    changes = {"steps": steps, "record": recording, "instruments": tuple(instruments)}
    return config.model_copy(update=changes | {"populations": (*others, tested)})


def _record(fields: dict[str, Any], strategy: type[Strategy] | None) -> Any:
    part = next(part for part in PARTS if part.model_fields["kind"].default == fields["kind"])
    record: Any = part.model_validate(fields)
    if strategy is not None:
        record._code = strategy  # the class itself: nothing is read or imported
    return record


def all_tables(world: Any) -> bytes:
    """A digest of every table of a world."""
    digest = blake2b(digest_size=16)
    for name in type(world).columns:
        digest.update(getattr(world, name).data)
    return digest.digest()


def dice() -> tuple[Any, ...]:
    """The state of the random numbers that everybody in the process shares."""
    numpy_state = np.random.get_state()  # noqa: NPY002 it is what must not be touched
    return random.getstate(), numpy_state[1].tobytes(), numpy_state[2:]  # type: ignore[index, union-attr]
