"""Checks of one population: what each of its dials alone cannot tell."""

from collections.abc import Iterator, Mapping

from sim.scenario.records import Scenario
from sim.scenario.schedules import leverage_cap
from sim.strategies import LeveragedSpeculator, LiquidationBuyer, MarketMaker, Population, ZeroIntelligence

Found = tuple[tuple[str | int, ...], str]

SHARES_ERROR = 1e-9
RESTING_MAX = 2.0**18  # of one zero-intelligence flow: three times as many order rows must fit into an order id
LEVERAGE_DIALS = ("leverage", "leverage_min", "leverage_median", "leverage_max")


def check_population(scenario: Scenario, row: int, population: Population) -> Iterator[Found]:
    """Yield what is wrong with one population."""
    yield from check_leverage(scenario, row, population)
    yield from _check_exits(row, population)
    if isinstance(population, MarketMaker) and population.closest_bp >= population.farthest_bp:
        yield (
            ("populations", row, "closest_bp"),
            f"{population.closest_bp:g} is not below farthest_bp {population.farthest_bp:g}",
        )
    if isinstance(population, MarketMaker) and population.profile is not None:
        yield from _check_profile(row, population)
    if isinstance(population, ZeroIntelligence):
        yield from _check_flow_rates(row, population)
    if isinstance(population, LeveragedSpeculator) and population.unit_field_density:
        if scenario.prices != "arithmetic":
            yield (
                ("populations", row, "unit_field_density"),
                f"{population.unit_field_density:g} needs prices: arithmetic, where a lot has one maintenance margin",
            )
    if isinstance(population, LeveragedSpeculator) and population.leverage_min > population.leverage_median:
        yield (
            ("populations", row, "leverage_min"),
            f"{population.leverage_min:g} is above leverage_median {population.leverage_median:g}",
        )
    reactions, stops = getattr(population, "reactions", None), getattr(population, "stops", None)
    if reactions is not None:
        path = ("populations", row, "reactions", "answers")
        yield from check_shares(path, population.name, reactions.answers.model_dump())
        if reactions.target_ratio <= reactions.warning_ratio:
            yield (
                ("populations", row, "reactions", "target_ratio"),
                f"{reactions.target_ratio:g} is not above warning_ratio {reactions.warning_ratio:g}",
            )
    allocation = getattr(population, "collateral_allocation", "split")
    place = ("populations", row, "collateral_allocation")
    if allocation == "pool" and population.margin_scope == "isolated":
        yield place, f"pool of population '{population.name}' is cross margin, and margin_scope says isolated"
    if allocation == "worst_first" and reactions is None:
        yield place, "worst_first needs reactions: the reserve moves when traders look at their accounts"
    if stops is not None:
        if reactions is None:
            yield ("populations", row, "stops"), "needs reactions: stops are placed when traders look at their accounts"
        if stops.loss_low > stops.loss_high:
            yield (
                ("populations", row, "stops", "loss_low"),
                f"{stops.loss_low:g} is above loss_high {stops.loss_high:g}",
            )
    if isinstance(population, LiquidationBuyer) and population.first_trigger_bp >= population.last_trigger_bp:
        yield (
            ("populations", row, "first_trigger_bp"),
            f"{population.first_trigger_bp:g} is not below last_trigger_bp {population.last_trigger_bp:g}",
        )


def _check_flow_rates(row: int, population: ZeroIntelligence) -> Iterator[Found]:
    if population.arrivals == "uniform":
        for name in ("limit_rates", "cancel_rates"):
            if len(getattr(population, name)) != 1:
                count = len(getattr(population, name))
                yield ("populations", row, name), f"{count} rates; arrivals: uniform has one, the same on every tick"
    if population.resting_max() > RESTING_MAX:
        yield (
            ("populations", row, "cancel_rates"),
            f"lets {population.resting_max():.3g} orders rest; at most {RESTING_MAX:.3g} are allowed: cancel faster, "
            "or send fewer limit orders",
        )


def _check_exits(row: int, population: Population) -> Iterator[Found]:
    """Yield a problem when traders would leave at the signal on which they enter."""
    for leave, enter in (("exit_bp", "entry_bp"), ("exit_rate", "entry_rate")):
        low, high = getattr(population, leave, None), getattr(population, enter, None)
        if low is not None and high is not None and low > high:
            yield ("populations", row, leave), f"{low:g} of population '{population.name}' is above {enter} {high:g}"


def _check_profile(row: int, population: MarketMaker) -> Iterator[Found]:
    bins = population.profile or ()
    if not bins:
        yield ("populations", row, "profile"), "is empty; give at least one bin, or leave it out"
    for place, (below, above) in enumerate(zip(bins, bins[1:], strict=False), start=1):
        for name in ("to_bp", "bid_money", "ask_money"):
            low, high = getattr(below, name), getattr(above, name)
            if high <= low:
                yield ("populations", row, "profile", place, name), f"{high:g} after {low:g}; it must rise"


def check_shares(path: tuple[str | int, ...], name: str, shares: Mapping[str, float]) -> Iterator[Found]:
    """Yield a problem unless the shares of a population sum to one."""
    total = sum(shares.values())
    if abs(total - 1.0) > SHARES_ERROR:
        yield path, f"shares of population '{name}' sum to {total:g}; allowed: 1"


def highest_leverage(scenario: Scenario, venue: str) -> float | None:
    """Return the highest leverage that a venue allows on what it lists; None where it has no rules for that."""
    book = scenario.venues.get(venue)
    listed = [item.contract_name for item in scenario.instruments if item.venue == venue]
    caps = [leverage_cap(book.margin, name) for name in listed if name in book.margin.schedules] if book else []
    return max(caps, default=None)


def check_leverage(scenario: Scenario, row: int, population: Population) -> Iterator[Found]:
    """Yield a problem for each leverage that no schedule of the population's venue allows."""
    cap = highest_leverage(scenario, population.venue)
    if cap is None:
        return  # the checks of venues and instruments say what is missing
    for dial in LEVERAGE_DIALS:
        value = getattr(population, dial, None)
        if value is not None and value > cap:
            yield (
                ("populations", row, dial),
                f"{value:g} of population '{population.name}' is above the venue's cap; "
                f"allowed at {population.venue}: at most {cap:g}",
            )
