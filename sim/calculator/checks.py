"""Checks across the fields of a case: what each value alone cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.calculator.case import Case, Initial, Schedule, Tiers
from sim.calculator.dynamics import missing_of
from sim.calculator.numbers import exact
from sim.calculator.rule_book import book_of, unknown_rules

Place = tuple[str | int, ...]
Found = tuple[Place, str, tuple[str, list[str]] | None]  # path, what is wrong, and a word with the known ones


def check_case(case: Case, venue: Any = None) -> list[Found]:
    """Each problem as the path of its value, a sentence, and the words that may have been meant."""
    found = list(_check_source(case, venue))
    if found:
        return found
    for name, schedule in case.schedules.items():
        found += _check_schedule(("schedules", name), schedule, case.open_interest.get(name))
    found += _check_positions(case, venue)
    found += _check_comparison(case)
    found += [] if found else _check_netting(case, venue)
    return found or list(_check_order_of_margins(case, venue))


def _check_source(case: Case, venue: Any) -> Iterator[Found]:
    if case.venue is not None and case.schedules:
        yield ("schedules",), f"the venue {case.venue} brings its own schedules; leave out one of the two", None
    fee = case.regime.closing_fee
    if fee.rate and "basis" not in fee.model_fields_set:
        yield (
            ("regime", "closing_fee", "basis"),
            f"is missing for a fee of {fee.rate:g}; allowed: none, mark, bankruptcy",
            None,
        )
    if venue is not None:
        for choice in unknown_rules(case, venue):
            yield ("venue",), f"{choice} of {case.venue} is not a rule that this calculator has", None
    if case.venue is not None and "initial_multiple" in case.regime.model_fields_set:
        yield (
            ("regime", "initial_multiple"),
            f"the venue {case.venue} says how initial margin follows; leave it out",
            None,
        )


def _check_netting(case: Case, venue: Any) -> Iterator[Found]:
    """The net of two legs has no entry price of its own and no profit of its own: refuse what would need one."""
    regime = book_of(case, venue).rules
    if regime.netting != "net":
        return
    for word, bad in (
        ("notional_basis", regime.notional_basis == "entry"),
        ("closing_fee", regime.fee_basis == "bankruptcy"),
        ("unrealised_profit_credit", regime.profit_credit != 1),
    ):
        if bad:
            message = f"does not go with netting: net, which judges the mark alone; leave out one of {word} and netting"
            yield ("regime", word), message, None


def _check_schedule(place: Place, schedule: Schedule, open_interest: float | None) -> Iterator[Found]:
    yield from _check_tiers((*place, "tiers"), schedule.tiers, "maintenance rate")
    if schedule.maintenance_amount is not None and (len(schedule.tiers) > 1 or schedule.mode == "whole"):
        rule = "allowed: with one marginal tier, since the amounts of several are derived; leave it out"
        yield (*place, "maintenance_amount"), f"{schedule.maintenance_amount:g} is not allowed; {rule}", None
    if schedule.square_root and len(schedule.tiers) > 1:
        yield (*place, "square_root"), f"{schedule.square_root:g} is not allowed; allowed: with one tier only", None
    if schedule.initial is not None:
        yield from _check_initial((*place, "initial"), schedule.initial, open_interest, place[-1])
        for word in ("slope", "square_root"):
            initial, maintenance = getattr(schedule.initial, word), getattr(schedule, word)
            if initial is not None and initial < maintenance:
                message = f"{initial:g} is below that of maintenance, {maintenance:g}; raise it, or leave it out"
                yield (*place, "initial", word), message, None


def _check_initial(place: Place, initial: Initial, open_interest: float | None, name: str | int) -> Iterator[Found]:
    given = [key for key in ("tiers", "ratio", "max_leverage") if getattr(initial, key) is not None]
    if len(given) != 1:
        said = " and ".join(given) + " are given" if given else "nothing is given"
        yield place, f"{said}; allowed: one of tiers, ratio, max_leverage", None
    if initial.tiers is not None:
        yield from _check_tiers((*place, "tiers"), initial.tiers, "initial rate")
        if initial.square_root and len(initial.tiers) > 1:
            yield (*place, "square_root"), f"{initial.square_root:g} is not allowed; allowed: with one tier only", None
    if initial.open_interest is not None:
        scaling = initial.open_interest
        if scaling.high <= scaling.low:
            yield (
                (*place, "open_interest", "high"),
                f"{scaling.high:g} is not above low, {scaling.low:g}; raise it",
                None,
            )
        if given == ["ratio"]:
            yield (*place, "open_interest"), "a ratio does not scale; allowed: with tiers or max_leverage", None
        if open_interest is None:
            yield ("open_interest", name), "is missing; give the open interest that the initial rate scales with", None


def _check_tiers(place: Place, tiers: Tiers, word: str) -> Iterator[Found]:
    if tiers[0][0] != 0:
        yield (*place, 0, 0), f"the first floor is {tiers[0][0]:g}; allowed: 0", None
    for row in range(1, len(tiers)):
        below, above = tiers[row - 1], tiers[row]
        if above[0] <= below[0]:
            yield (*place, row, 0), f"floor {above[0]:g} after {below[0]:g}: tiers overlap; floors must rise", None
        if above[1] < below[1]:
            yield (*place, row, 1), f"{word} {above[1]:g} after {below[1]:g}; rates must not fall", None


def _check_positions(case: Case, venue: Any) -> Iterator[Found]:
    known = list(case.schedules if venue is None else venue.margin.schedules)
    scope = case.regime.scope if venue is None or "scope" in case.regime.model_fields_set else venue.margin.scope
    for name in case.rates_in_force:
        if name not in known:
            yield ("rates_in_force", name), "has no margin schedule here", (name, known)
    moving = getattr(getattr(venue, "margin", None), "dynamics", None)
    for name in dict.fromkeys(position.instrument for position in case.positions):
        for path, why in missing_of(case.rates_in_force.get(name), moving, name, case.open_interest.get(name)):
            yield path, why, None
    lots = {name: terms.lot_size for name, terms in case.instruments.items()}
    shared: set[str] = set()
    missing: set[str] = set()
    for row, position in enumerate(case.positions):
        name, place = position.instrument, ("positions", row)
        if name not in known:
            owner = f"at {case.venue}" if venue is not None else "in schedules"
            yield (*place, "instrument"), f"no margin schedule of '{name}' {owner}", (name, known)
            continue
        if name not in case.mark_prices and name not in missing:
            missing.add(name)
            near = (name, list(case.mark_prices)) if case.mark_prices else None
            yield ("mark_prices", name), "is missing; give the mark price of every instrument that is held", near
        mode = position.margin_mode or scope
        if mode == "isolated" and position.isolated_collateral is None:
            yield (*place, "isolated_collateral"), "is missing; give what is allotted to this isolated position", None
        if mode == "cross" and position.isolated_collateral:
            yield (*place, "isolated_collateral"), (
                f"{position.isolated_collateral:g} is not allowed for a cross position; "
                "add margin_mode: isolated, or put the money into collateral"
            ), None  # fmt: skip
        lot = lots.get(name)
        if lot is not None and exact(position.size) % exact(lot):
            yield (*place, "size"), f"{position.size:g} is not allowed; whole lots of {lot:g} are", None
        if position.contract == "inverse" and venue is None and _has_root(case.schedules[name]):
            yield (
                (*place, "contract"),
                "'inverse' is not allowed where the schedule has a square_root; use linear",
                None,
            )
        shared |= {name if position.contract == "inverse" else ""} if mode == "cross" else set()
        if len(shared) > 1:
            coin = "quote" if "" in shared else "one coin"
            yield (*place, "contract"), (
                f"'{position.contract}' does not share a wallet with the cross positions before it, whose money is "
                f"{coin}; an inverse contract is paid in its coin: make it isolated or a case of its own"
            ), None  # fmt: skip
            return


def _has_root(schedule: Schedule) -> bool:
    return bool(schedule.square_root or (schedule.initial is not None and schedule.initial.square_root))


def _check_order_of_margins(case: Case, venue: Any) -> Iterator[Found]:
    for name, margin in book_of(case, venue).margins.items():
        found = margin.conflict()
        if found is not None:
            notional, maintenance, initial = (f"{float(value):g}" for value in found)
            place: Place = ("schedules", name) if venue is None else ("regime", "maintenance_scale")
            if name in case.rates_in_force:
                place = ("rates_in_force", name)
            yield place, (
                f"maintenance margin {maintenance} of {name} is above its initial margin {initial} at a notional of "
                f"{notional}; allowed: at most the initial margin"
            ), None  # fmt: skip


def _check_comparison(case: Case) -> Iterator[Found]:
    flat, returns = case.compare.flat, case.compare.returns
    if flat is not None and flat.initial is not None and flat.initial < flat.maintenance:
        message = f"{flat.initial:g} is below the maintenance rate, {flat.maintenance:g}; raise it"
        yield ("compare", "flat", "initial"), message, None
    if not returns:
        return
    held = list(dict.fromkeys(position.instrument for position in case.positions))
    for name in held:
        if name not in returns:
            yield (
                ("compare", "returns", name),
                "is missing; give the returns of every instrument held",
                (name, [*returns]),
            )
    lengths = {name: len(values) for name, values in returns.items()}
    first, length = next(iter(lengths.items()))
    for name, other in lengths.items():
        if other != length:
            message = f"has {other} returns, {first} has {length}; give the returns of the same steps"
            yield ("compare", "returns", name), message, None
    if case.compare.horizon_steps > min(lengths.values()):
        message = f"{case.compare.horizon_steps} steps are more than the {min(lengths.values())} returns; lower it"
        yield ("compare", "horizon_steps"), message, None
