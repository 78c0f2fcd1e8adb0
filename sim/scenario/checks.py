"""Checks across fields: what each value alone cannot tell."""

from collections.abc import Iterator
from decimal import Decimal, localcontext

from sim.scenario.check_calls import check_calls
from sim.scenario.check_contracts import check_contracts
from sim.scenario.check_dynamics import check_dynamics, check_ranges
from sim.scenario.check_margin import check_legs, check_schedule, check_tables
from sim.scenario.check_policies import check_inventory, check_policy, check_sales
from sim.scenario.check_populations import Found, check_population
from sim.scenario.contracts import coin_atom, is_inverse, value_of_lot
from sim.scenario.errors import did_you_mean
from sim.scenario.records import Instrument, Scenario, Venue
from sim.scenario.switch_dials import check_switches
from sim.strategies import LeveragedSpeculator

# Every balance and sum of the world stays below this many atoms, a quarter of what 64 bits hold: sums of two still fit.
ATOMS_MAX = 10**18
LOTS_MAX = 2.0**29  # a quarter of what the share arithmetic proves
ORDERS_MAX = 2.0**17


def check_scenario(scenario: Scenario) -> list[Found]:
    """Return each problem as the path of its value and a sentence."""
    found = [*_check_names(scenario), *_check_world(scenario)]
    for name, venue in scenario.venues.items():
        found += [(("venues", name, *path), text) for path, text in check_venue(venue)]
    for row, instrument in enumerate(scenario.instruments):
        found += _check_instrument(scenario, row, instrument)
    for row, population in enumerate(scenario.populations):
        if population.venue not in scenario.venues:
            known = did_you_mean(population.venue, list(scenario.venues))
            found.append((("populations", row, "venue"), f"no venue '{population.venue}'{known}"))
        elif population.venue not in {instrument.venue for instrument in scenario.instruments}:
            found.append((("populations", row, "venue"), f"'{population.venue}' lists no instrument of this scenario"))
        found += check_population(scenario, row, population)
    found += check_switches(scenario)
    found += check_contracts(scenario)
    return found or list(_check_bounds(scenario))


def _check_names(scenario: Scenario) -> Iterator[Found]:
    for key, items in (("instruments", scenario.instruments), ("populations", scenario.populations)):
        seen: set[str] = set()
        for row, item in enumerate(items):
            if item.name in seen:
                yield (key, row, "name"), f"the name '{item.name}' is taken; names must be unique"
            seen.add(item.name)


def _check_world(scenario: Scenario) -> Iterator[Found]:
    if scenario.mirror and scenario.prices != "arithmetic":
        yield ("mirror",), "true needs prices: arithmetic; geometric moves are not symmetric"
    count = len(scenario.instruments)
    if count > 1 and scenario.index_correlation * (count - 1) < -1.0:
        least = -1.0 / (count - 1)
        yield (
            ("index_correlation",),
            f"{scenario.index_correlation:g} is impossible for {count} instruments; allowed: {least:g} to 1",
        )


def check_venue(venue: Venue) -> Iterator[Found]:
    """Each problem of a rule book, with its path in the book."""
    for contract in venue.margin.schedules:
        yield from check_schedule(venue, contract)
    yield from check_dynamics(venue)
    yield from check_legs(venue)
    yield from check_policy(venue)
    yield from check_calls(venue)
    kinds = [layer.kind for layer in venue.waterfall]
    for row, kind in enumerate(kinds):
        if kind in kinds[:row]:
            yield ("waterfall", row), f"a second '{kind}'; each kind of layer may stand once"
    for row, layer in enumerate(venue.waterfall):
        if layer.kind == "insurance_fund":
            yield from check_inventory(row, layer)


def _check_instrument(scenario: Scenario, row: int, instrument: Instrument) -> Iterator[Found]:
    path = ("instruments", row)
    venue = scenario.venues.get(instrument.venue)
    if venue is None:
        yield (*path, "venue"), f"no venue '{instrument.venue}'{did_you_mean(instrument.venue, list(scenario.venues))}"
        return
    contract = instrument.contract_name
    field = "contract" if instrument.contract else "name"
    if contract not in venue.contracts:
        yield (
            (*path, field),
            f"no contract '{contract}' at {instrument.venue}{did_you_mean(contract, list(venue.contracts))}",
        )
        return
    if contract not in venue.margin.schedules:
        yield (*path, field), f"no margin schedule of '{contract}' at {instrument.venue}"
        return
    own = venue.contracts[contract]
    multiples_hold = True
    for word in ("tick_size", "lot_size"):
        chosen, unit = getattr(instrument, word), getattr(own, word)
        if chosen is not None and Decimal(str(chosen)) % Decimal(str(unit)) != 0:
            multiples_hold = False
            yield (*path, word), f"{chosen:g} is no whole multiple of the venue's {unit:g}"
    if instrument.price_levels & (instrument.price_levels - 1):
        yield (
            (*path, "price_levels"),
            f"{instrument.price_levels} is no power of two; allowed: 1024 to 2097152, a power of two",
        )
    if multiples_hold:
        yield from _check_ladder(scenario, path, instrument)
        yield from check_sales(scenario, instrument)
    yield from _check_index(scenario, path, instrument)


def _check_ladder(scenario: Scenario, path: tuple[str | int, ...], instrument: Instrument) -> Iterator[Found]:
    tick = scenario.contract_of(instrument).tick_size
    low, high = scenario.price_range(instrument)
    if instrument.start_price < 100 * tick:
        yield (
            (*path, "start_price"),
            f"{instrument.start_price:g} is below 100 ticks of {tick:g}; allowed: at least {100 * tick:g}",
        )
    needed = (high - low) / tick
    if low <= 0 or needed > instrument.price_levels - 2:
        yield (
            (*path, "price_levels"),
            f"{instrument.price_levels} levels of {tick:g} do not hold {low:g} to {high:g} "
            f"(start, worst news and 25 % beyond); {needed:.0f} levels are needed: "
            "allow more levels (at most 2097152) or a coarser tick_size",
        )


def _check_index(scenario: Scenario, path: tuple[str | int, ...], instrument: Instrument) -> Iterator[Found]:
    index = instrument.index
    if index.kind != "process" and not index.points:
        word = "points" if index.kind == "points" else "path"
        yield (*path, "index", word), f"is missing; kind: {index.kind} needs it"
    if index.points and index.points[0][0] == 0:
        first, tick = index.points[0][1], scenario.contract_of(instrument).tick_size
        if abs(first - instrument.start_price) > tick / 2:
            yield (
                (*path, "index", "points", 0),
                f"price {first:g} at step 0 is not the start_price {instrument.start_price:g}; make them equal",
            )
    for row, (below, above) in enumerate(zip(index.points or (), (index.points or ())[1:], strict=False), start=1):
        if above[0] <= below[0]:
            word = "a duplicate" if above[0] == below[0] else f"out of order after {below[0]}"
            yield (*path, "index", "points", row), f"row {row + 1}: step {above[0]} is {word}; steps must rise"


def _check_bounds(scenario: Scenario) -> Iterator[Found]:
    """Refuse worlds whose money, in the unit that keeps every tick value whole, would leave 64 bits."""
    units = []
    for instrument in scenario.instruments:
        contract = scenario.contract_of(instrument)
        units.append(Decimal(str(contract.tick_size)) * Decimal(str(contract.lot_size)))
    atom = Decimal(str(float(coin_atom(scenario)))) if is_inverse(scenario) else _common_unit(units)
    money, largest, path = 0.0, 0.0, ("instruments",)  # type: tuple[float, float, tuple[str | int, ...]]
    scale = sum(instrument.liquidity_scale for instrument in scenario.instruments)
    for row, population in enumerate(scenario.populations):
        part = population.count * float(getattr(population, "capital", 0.0))
        if isinstance(population, LeveragedSpeculator):
            # Longs, shorts, basis traders and trend followers: four times the longs is an upper bound.
            part += 4.0 * population.open_interest * scale
        money += part
        if part > largest:
            largest, path = part, ("populations", row)
    for name, venue in scenario.venues.items():
        for row, layer in enumerate(venue.waterfall):
            part = layer.size if layer.kind == "insurance_fund" else 0.0
            money += part
            if part > largest:
                largest, path = part, ("venues", name, "waterfall", row)
    yield from _check_lots(scenario)
    yield from check_tables(scenario)
    yield from check_ranges(scenario)
    yield from _check_flow(scenario)
    growth = max(scenario.price_range(item)[1] / item.start_price for item in scenario.instruments)
    if is_inverse(scenario):  # coins are worth more lots as the price falls
        growth = max(item.start_price / scenario.price_range(item)[0] for item in scenario.instruments)
    atoms = money * growth / float(atom)
    if atoms > ATOMS_MAX:
        yield (
            path,
            f"the money of this world, {money:.3g} quote units or {atoms:.3g} atoms of {atom:g}, "
            f"is beyond {ATOMS_MAX:.0e} atoms",
        )


def _check_lots(scenario: Scenario) -> Iterator[Found]:
    """Refuse an open interest in lots that no position may reach: shares of a position are exact below 2**31 lots."""
    for row, instrument in enumerate(scenario.instruments):
        value = value_of_lot(scenario, instrument) / instrument.liquidity_scale
        for place, population in enumerate(scenario.populations):
            longs = getattr(population, "open_interest", 0.0) + getattr(population, "unleveraged_longs", 0.0)
            if population.venue == instrument.venue and longs / value > LOTS_MAX:
                yield (
                    ("populations", place),
                    f"holds {longs / value:.3g} lots of {scenario.instruments[row].name}; at most {LOTS_MAX:.3g} are "
                    "allowed: use a coarser lot_size",
                )


def _check_flow(scenario: Scenario) -> Iterator[Found]:
    """Refuse more orders a step than the inbox may hold."""
    expected = scenario.orders_per_step()
    if expected > ORDERS_MAX:
        yield (
            ("step_seconds",),
            f"makes {expected:.3g} orders a step; at most {ORDERS_MAX:.3g} are allowed: lower step_seconds or "
            "the rates of the populations, or raise flow_thinning",
        )


def _common_unit(units: list[Decimal]) -> Decimal:
    """Return the largest unit of which each is a whole multiple."""
    with localcontext(prec=100):  # quotients of extreme ticks and lots have more than the default 28 digits
        result = units[0]
        for unit in units[1:]:
            left, right = result, unit
            while right:
                left, right = right, left % right
            result = left
        return result.normalize()
