"""Checks of margin schedules: tiers rise, maintenance stays below initial margin, all of it fits 64 bits."""

from collections.abc import Iterator
from fractions import Fraction

from sim.calculator.schedules import Margin, initial_curve, margin_of_preset, preset_rows
from sim.margin_regimes import Schedule
from sim.scenario.check_populations import Found
from sim.scenario.errors import did_you_mean
from sim.scenario.records import Scenario, Venue
from sim.scenario.schedules import (
    DEDUCTION_MAX,
    LARGEST_RATE_SCALE,
    atom_of,
    maintenance_curve,
    margin_of,
    rate_scale_of,
    tier_rows,
)

Place = tuple[str | int, ...]
RATE_MAX = 4  # of a multiple of maintenance, below the notional at which it stops


def check_schedule(venue: Venue, contract: str) -> Iterator[Found]:
    """Each problem of a contract's schedule, with its path in the rule book."""
    path: Place = ("margin", "schedules", contract)
    schedule = venue.margin.schedules[contract]
    if contract not in venue.contracts:
        yield path, f"no contract '{contract}'{did_you_mean(contract, list(venue.contracts))}"
    rows = preset_rows(venue.margin, contract)
    if isinstance(schedule, tuple):
        yield from _check_rows(path, rows, "maintenance rate")
        yield from _check_leverage(venue, path, contract, rows)
        return
    found = [
        *_check_rows((*path, "tiers"), rows, "maintenance rate"),
        *_check_initial(path, schedule),
        *_check_root(path, schedule),
    ]
    yield from found
    if not found:
        yield from _check_order(path, contract, margin_of_preset(venue.margin, contract, None))


def check_legs(venue: Venue) -> Iterator[Found]:
    """Each dial of a venue that does not go with its hedge mode, or needs one."""
    margin = venue.margin
    if not margin.hedge_mode:
        if margin.netting != "sum":
            yield (
                ("margin", "netting"),
                f"{margin.netting} needs margin.hedge_mode: true; in one-way mode there is one leg",
            )
        return
    if margin.scope == "isolated":
        yield (
            ("margin", "scope"),
            "isolated does not go with hedge_mode; allowed: cross, where both legs share a wallet",
        )
    if margin.closing_fee.rate > 0 and margin.closing_fee.basis == "bankruptcy":
        yield (
            ("margin", "closing_fee", "basis"),
            "bankruptcy does not go with hedge_mode: two legs have one bankruptcy price or none; allowed: none, mark",
        )
    if margin.dynamics is not None and margin.dynamics.applies_to == "new":
        yield (
            ("margin", "dynamics", "applies_to"),
            "new does not go with hedge_mode: a pair keeps no rate; allowed: all",
        )
    if margin.netting == "net" and margin.notional_basis == "entry":
        yield ("margin", "notional_basis"), "entry does not go with netting: net; what is left of two legs has no entry"
    if margin.netting == "net" and margin.unrealised_profit_credit != 1:
        yield ("margin", "unrealised_profit_credit"), "does not go with netting: net, which has the profit of both legs"


def _check_rows(path: Place, rows: tuple[tuple[float, ...], ...], word: str) -> Iterator[Found]:
    if rows[0][0] != 0:
        yield (*path, 0, 0), f"the first floor is {rows[0][0]:g}; allowed: 0"
    for row, (below, above) in enumerate(zip(rows, rows[1:], strict=False), start=1):
        if above[0] <= below[0]:
            yield (*path, row, 0), f"floor {above[0]:g} after {below[0]:g}; floors must rise"
        if above[1] < below[1]:
            yield (*path, row, 1), f"{word} {above[1]:g} after {below[1]:g}; rates must not fall"
        if len(above) > 2 and above[2] > below[2]:
            yield (*path, row, 2), f"maximum leverage {above[2]:g} after {below[2]:g}; leverage must not rise"


def _check_leverage(venue: Venue, path: Place, contract: str, rows: tuple[tuple[float, ...], ...]) -> Iterator[Found]:
    if venue.margin.initial != "max_leverage":
        return
    scale = venue.margin.maintenance_scale
    for row, (_, rate, leverage) in enumerate(rows):
        maintenance, initial = min(1.0, rate * scale), 1.0 / leverage
        if maintenance > initial * (1.0 + 1e-12):
            yield (
                (*path, row),
                f"maintenance margin rate {maintenance:g} of {contract} (scale {scale:g}) is above the initial rate "
                f"{initial:g} that a leverage of {leverage:g} implies; allowed: at most the initial rate, or "
                "margin.initial: max_with_maintenance",
            )
            return  # the rows above it say the same


def _check_initial(path: Place, schedule: Schedule) -> Iterator[Found]:
    own = schedule.initial
    if own is None:
        return
    if len(schedule.tiers[0]) > 2:
        yield (*path, "initial"), "is given beside the maximum leverage of the rows; leave out one of the two"
    given = [key for key in ("tiers", "ratio", "max_leverage") if getattr(own, key) is not None]
    if len(given) != 1:
        said = " and ".join(given) + " are given" if given else "nothing is given"
        yield (*path, "initial"), f"{said}; allowed: one of tiers, ratio, max_leverage"
    if own.tiers is not None:
        yield from _check_rows((*path, "initial", "tiers"), own.tiers, "initial rate")


def _check_root(path: Place, schedule: Schedule) -> Iterator[Found]:
    own = schedule.initial
    roots = [((*path, "square_root"), schedule.square_root, schedule.tiers)]
    if own is not None:
        roots.append(((*path, "initial", "square_root"), own.square_root or 0.0, own.tiers or ()))
    for place, root, tiers in roots:
        if root and len(tiers) > 1:
            yield place, f"{root:g} with {len(tiers)} tiers; allowed: with one tier only"
    if schedule.square_root and (own.ratio is not None if own else len(schedule.tiers[0]) == 2):
        yield (
            (*path, "initial"),
            f"is a multiple of maintenance beside a square_root of {schedule.square_root:g}; allowed: tiers or "
            "max_leverage",
        )


def _check_order(path: Place, contract: str, margin: Margin) -> Iterator[Found]:
    found = margin.conflict()
    if found is not None:
        place, maintenance, initial = map(float, found)
        yield (
            path,
            f"maintenance margin {maintenance:g} of {contract} at a notional of {place:g} is above the initial margin, "
            f"{initial:g}; allowed: at most that",
        )
    if initial_curve(margin).slope < margin.maintenance.slope:
        own, slope = float(initial_curve(margin).slope), float(margin.maintenance.slope)
        yield (*path, "initial", "slope"), f"{own:g} is below that of maintenance, {slope:g}; allowed: at least that"
    if initial_curve(margin).root < margin.maintenance.root:
        own, root = float(initial_curve(margin).root), float(margin.maintenance.root)
        yield (
            (*path, "initial", "square_root"),
            f"{own:g} is below that of maintenance, {root:g}; allowed: at least that",
        )
    if any(rate > RATE_MAX for _, rate in initial_curve(margin).tiers):
        yield (*path, "initial"), f"makes an initial rate above {RATE_MAX}; allowed: a smaller multiple of maintenance"


def check_tables(scenario: Scenario) -> Iterator[Found]:
    """Refuse schedules whose integers, at the scale that holds all rates of the scenario, would leave 64 bits."""
    atom, scale = atom_of(scenario), rate_scale_of(scenario)
    for instrument in scenario.instruments:
        margin = margin_of(scenario, instrument)
        for curve in (maintenance_curve(scenario, instrument), initial_curve(margin)):
            if any(deduction >= DEDUCTION_MAX for _, _, deduction in tier_rows(curve, atom, scale)):
                path = ("venues", instrument.venue, "margin", "schedules", instrument.contract_name)
                yield path, _too_fine(atom, scale)
                break


def _too_fine(atom: Fraction, scale: int) -> str:
    most = "" if scale < LARGEST_RATE_SCALE else ", the most there are"
    return (
        f"rates of this scenario need {len(str(scale)) - 1} decimals{most}, and at floors this high, in units of "
        f"{float(atom):g}, that is beyond 64 bits; allowed: rates of fewer decimals, lower floors, or coarser contracts"
    )
