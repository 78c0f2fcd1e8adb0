"""`check_strategy(MyStrategy)`: the rules that every strategy must keep, played on small worlds; compiled ones too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from sim.agents.conformance_report import Broken, Conformance, ConformanceError, Result
from sim.agents.orders import Order
from sim.agents.plugins import unknown_dial
from sim.agents.readings import Rows, account_rows
from sim.agents.strategy import Strategy
from sim.agents.testing_worlds import LIQUIDATED_FROM, Subject, World, all_tables, build, dice
from sim.agents.trader import decides
from sim.engine.errors import InvariantError, StrategyError
from sim.engine.watch import Watch
from sim.model import MarketModel
from sim.scenario import Scenario
from sim.terms.vocabulary import EVENT_LIQUIDATION, EVENT_ORDER_REJECTED, REJECT_MARGIN, REJECT_PRICE, REJECT_SIZE

SLACK = 1.05  # a resting order may fill after the mark has moved against it
HASHED_STEPS = 12  # steps in which all tables are hashed before and after each decision
REFUSED_SHARE = 0.5


@dataclass
class Case:
    """A strategy under test, and what its worlds share."""

    subject: Subject
    scenario: str | Scenario
    steps: int
    seed: int
    time_limit_s: float
    watch: Watch
    seen: dict[str, float] = field(default_factory=dict)

    def model(self, world: World = "calm") -> MarketModel:
        """A fresh model of one of the worlds, with the strategy in it."""
        config = build(self.subject, self.scenario, world, self.steps)
        return MarketModel(config, self.seed, allow_code=True, watch=self.watch)

    def members(self, model: MarketModel) -> list[Strategy]:
        """The objects of the strategy; none for a compiled one."""
        return [one for one in model.traders if one.name == self.subject.name]


def check_strategy(
    strategy: type[Strategy],
    scenario: str | Scenario = "baseline",
    *,
    count: int = 2,
    capital: float = 1.0e5,
    leverage: float = 5.0,
    dials: dict[str, Any] | None = None,
    steps: int = 60,
    seed: int = 1,
    time_limit_s: float = 1.0,
    watch: Watch | None = None,
) -> Conformance:
    """Play a Trader or Strategy through the conformance suite; the report, or ConformanceError with every failed rule.

    scenario: the world that it is tried in; the suite empties its book, takes a side away and lets it fall.
    """
    if not decides(strategy):
        raise TypeError(f"{strategy.__name__} needs a method decide(self, view) that returns or yields orders")
    if wrong := unknown_dial(strategy, dials or {}):
        raise ValueError(wrong[1])
    record = {"count": count, "capital": capital, "leverage": leverage, "dials": dials or {}}
    subject = Subject(
        strategy.__name__, {"kind": "python", "file": "-", "strategy": strategy.__name__, **record}, strategy
    )
    return _checked(Case(subject, scenario, steps, seed, time_limit_s, watch or Watch()), {**PYTHON_RULES, **RULES})


def check_part(kind: str, dials: dict[str, Any] | None = None, scenario: str | Scenario = "baseline") -> Conformance:
    """The same for a compiled strategy, by its kind: the rules that apply to it."""
    subject = Subject(kind, {"kind": kind, **(dials or {})}, None)
    return _checked(Case(subject, scenario, 60, 1, 1.0, Watch()), RULES)


def _checked(case: Case, rules: dict[str, Callable[[Case], str | None]]) -> Conformance:
    results = []
    for name, rule in rules.items():
        try:
            results.append(Result(name, None, rule(case) or ""))
        except (Broken, StrategyError, InvariantError) as error:
            results.append(Result(name, str(error)))
    report = Conformance(case.subject.title, tuple(results))
    if report.failed:
        raise ConformanceError(report)
    return report


def same_bytes_twice(case: Case) -> None:
    """Two runs of one seed end in the same digest."""
    digests = []
    for _ in range(2):
        model = case.model()
        model.advance(case.steps)
        digests.append(model.digest())
    if digests[0] != digests[1]:
        raise Broken(
            "two runs with one seed differ; draw from self.rng, self.random or self.draw, keep no global state"
        )


def stepwise_is_batched(case: Case) -> None:
    """Step by step or in one go."""
    stepwise, batched = case.model(), case.model()
    batched.advance(case.steps)
    for _ in range(case.steps):
        stepwise.step()
    if stepwise.digest() != batched.digest():
        raise Broken("step by step and in one go differ")


def orders_are_valid(case: Case) -> str:
    """Known instruments, finite prices, own order ids; the venue refuses none for its size or price."""
    model = case.model()
    model.advance(case.steps)
    rows = _own_events(case, model, EVENT_ORDER_REJECTED)
    senseless = rows[np.isin(rows["amount"], (REJECT_SIZE, REJECT_PRICE))]
    if len(senseless):
        raise Broken(f"step {int(senseless[0]['step'])}: {len(senseless)} orders were refused for their size or price")
    return f"{int(model.session.world.clock[0]['live_orders'])} orders rest in the end"


def conserves(case: Case) -> None:
    """After every step money adds up to what was brought in, and sizes to zero."""
    for world in ("calm", "fall"):
        model = case.model(world)
        tables, n = model.session.world, len(model.session.names.instruments)
        for _ in range(case.steps):
            if not _stepped(model):
                break
            if int(tables.quote_balance.sum()) != int(tables.clock[0]["net_deposits"]):
                raise Broken(f"step {model.tick - 1}: money does not add up")
            if tables.position_size.reshape(n, -1).sum(axis=1).any():
                raise Broken(f"step {model.tick - 1}: sizes do not sum to zero")


def _stepped(model: MarketModel) -> bool:
    """Play a step; False where the strategy fails in it, which is another rule's affair."""
    try:
        model.step()
    except StrategyError:
        return False
    return True


def respects_leverage(case: Case) -> str:
    """No position grows beyond the chosen leverage, and few orders are refused for margin."""
    model = case.model()
    first, last = _rows(case, model)
    world = model.session.world
    leverage = int(world.clock[0]["rate_scale"]) / world.traders["initial_rate"][first:last]
    before = account_rows(model.session, first, last)
    for _ in range(case.steps):
        if not _stepped(model):
            break
        now = account_rows(model.session, first, last)
        grown = (np.abs(now.size) > np.abs(before.size)).any(axis=0)
        beyond = grown & (np.abs(now.value).sum(axis=0) > leverage * np.maximum(now.equity, 0.0) * SLACK)
        if beyond.any():
            raise Broken(f"step {model.tick - 1}: a position grew beyond a leverage of {leverage[beyond][0]:g}")
        before = now
    refused = int((_own_events(case, model, EVENT_ORDER_REJECTED)["amount"] == REJECT_MARGIN).sum())
    sent = case.seen.get("orders", 0.0)
    if refused > REFUSED_SHARE * sent > 0.0:
        raise Broken(f"{refused} of {sent:g} orders were refused for margin; look at view.equity before you send")
    return f"{refused} orders refused for margin"


def survives(world: World) -> Callable[[Case], str]:
    """A rule: the run goes through in this world."""

    def rule(case: Case) -> str:
        model = case.model(world)
        for member in case.members(model) if world == "fall" else ():
            _make_it_buy(case, model, member)
        model.advance(case.steps)
        if world != "fall":
            return ""
        return f"{len(_own_events(case, model, EVENT_LIQUIDATION))} liquidations of it"

    return rule


def leaves_tables_alone(case: Case) -> None:
    """The world before a decision is the world after it: orders are the only way to act."""
    model = case.model()
    _look_around(case, model, lambda: all_tables(model.session.world), "changed the tables of the world")
    _advance_unwrapped(model, min(HASHED_STEPS, case.steps))


def leaves_other_dice_alone(case: Case) -> None:
    """The generators of Python, numpy and the model stand where they stood."""
    before = dice()
    model = case.model()
    if dice() != before:
        raise Broken("start() drew from the random numbers of Python or numpy; use self.rng, self.random or self.draw")
    own = "drew from dice that others share; use self.rng, self.random or self.draw"
    _look_around(case, model, lambda: (dice(), model.random.getstate(), str(model.rng.bit_generator.state)), own)
    _advance_unwrapped(model, case.steps)


def _look_around(case: Case, model: MarketModel, state: Callable[[], Any], complaint: str) -> None:
    """Let every decision be checked: what `state` gives before it must be what it gives after."""
    for member in case.members(model):

        def decide(view: Any, own: Any = member.decide) -> list[Any]:
            before = state()
            orders = _listed(own(view))
            if state() != before:
                raise Broken(f"step {model.tick}: decide() {complaint}")
            return orders

        member.decide = decide  # type: ignore[method-assign]


def decides_in_time(case: Case) -> str:
    """Each decision comes back within the limit."""
    model, spent, orders = case.model(), [0.0], 0
    for member in case.members(model):

        def decide(view: Any, own: Any = member.decide) -> list[Any]:
            nonlocal orders
            started = perf_counter()
            listed = _listed(own(view))
            spent.append(perf_counter() - started)
            orders += len(listed)
            return listed

        member.decide = decide  # type: ignore[method-assign]
    model.advance(case.steps)
    case.seen["orders"] = float(orders)
    if max(spent) > case.time_limit_s:
        raise Broken(f"a decision took {max(spent):.3g} s; {case.time_limit_s:g} s are allowed")
    return f"{1e3 * sum(spent) / max(len(spent) - 1, 1):.2g} ms a decision, {max(spent):.2g} s at most, {orders} orders"


def _advance_unwrapped(model: MarketModel, n: int) -> None:
    """A broken rule that a decision has found comes out of the model as the cause of a StrategyError."""
    try:
        model.advance(n)
    except StrategyError as error:
        raise error.__cause__ if isinstance(error.__cause__, Broken) else error from None


def _make_it_buy(case: Case, model: MarketModel, member: Strategy) -> None:
    """Before the fall the suite buys for it, so that there is something to liquidate."""
    own, market = member.decide, model.config.instruments[0].name

    def decide(view: Any) -> Iterator[Any]:
        if view.step == LIQUIDATED_FROM:
            size = case.subject.bought / view[market].last_price
            yield from (Order.buy(market, size, trader=place) for place in range(member.seat.count))
        yield from _listed(own(view))

    member.decide = decide  # type: ignore[method-assign, assignment]


def _listed(orders: Any) -> list[Any]:
    return [] if orders is None else [orders] if isinstance(orders, Order) else list(orders)


def _rows(case: Case, model: MarketModel) -> tuple[int, int]:
    population = model.population(case.subject.name)
    return population.first_trader, population.first_trader + population.count


def _own_events(case: Case, model: MarketModel, kind: int) -> Rows:
    rows: Rows = model.take_events()
    first, last = _rows(case, model)
    own: Rows = rows[(rows["kind"] == kind) & (rows["actor"] >= first) & (rows["actor"] < last)]
    return own


PYTHON_RULES: dict[str, Callable[[Case], str | None]] = {
    "decides in time": decides_in_time,
    "leaves the tables alone": leaves_tables_alone,
    "leaves other dice alone": leaves_other_dice_alone,
}
RULES: dict[str, Callable[[Case], str | None]] = {
    "gives the same bytes twice": same_bytes_twice,
    "gives the same bytes stepwise and batched": stepwise_is_batched,
    "sends valid orders": orders_are_valid,
    "conserves money and sizes": conserves,
    "respects its leverage": respects_leverage,
    "survives an empty book": survives("empty"),
    "survives a missing side of the book": survives("one_sided"),
    "survives a fall and its own liquidation": survives("fall"),
    "plays with isolated margin": survives("isolated"),
}
