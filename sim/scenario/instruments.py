"""The instruments table and its tiers."""

from fractions import Fraction

import numpy as np

from sim.calculator.schedules import initial_curve
from sim.rules.stop_lists import FAR
from sim.scenario.contracts import tick_value
from sim.scenario.margin_forms import fill_form
from sim.scenario.records import Instrument, Scenario
from sim.scenario.schedules import maintenance_curve, margin_of, tier_rows
from sim.tables import layout
from sim.terms.vocabulary import MARK_KINDS, NONE

PPM = 1_000_000
PPB = 1_000_000_000
LONG_AGO = -(10**9)


def fill_instruments(scenario: Scenario, atom: Fraction, rate_scale: int) -> tuple[np.ndarray, np.ndarray]:
    """(INSTRUMENTS, TIERS): units, ladder, schedules, mark and funding dials; prices at their start."""
    table = np.zeros(len(scenario.instruments), layout.INSTRUMENTS)
    tiers: list[tuple[int, int, int]] = []
    base = 0
    for k, instrument in enumerate(scenario.instruments):
        row = table[k]
        _units(row, scenario, instrument, atom, base)
        base += int(row["n_levels"])
        maintenance = tier_rows(maintenance_curve(scenario, instrument), atom, rate_scale)
        row["first_tier"], row["n_tiers"] = len(tiers), len(maintenance)
        tiers += maintenance
        initial = tier_rows(initial_curve(margin_of(scenario, instrument)), atom, rate_scale)
        row["first_initial_tier"], row["n_initial_tiers"] = len(tiers), len(initial)
        tiers += initial
        fill_form(row, scenario, instrument, atom)
        _mark_and_funding(row, scenario, instrument)
    tier_table = np.zeros(len(tiers), layout.TIERS)
    for i, (floor, rate, deduction) in enumerate(tiers):
        tier_table[i]["floor"], tier_table[i]["rate"], tier_table[i]["deduction"] = floor, rate, deduction
    tier_table["base_rate"], tier_table["base_deduction"] = tier_table["rate"], tier_table["deduction"]
    return table, tier_table


def ladder_start(scenario: Scenario, instrument: Instrument) -> int:
    """First tick of the ladder: as low as possible while it holds the highest price that is planned for."""
    tick = scenario.contract_of(instrument).tick_size
    highest = int(scenario.price_range(instrument)[1] / tick) + 1
    start = max(1, highest - instrument.price_levels + 1)
    if scenario.prices == "arithmetic":  # centred, so that the mirrored world has the mirrored ladder
        middle = round(instrument.start_price / tick)
        half = min(instrument.price_levels // 2, middle)
        start = middle - half + 1
    return start


def _units(row: np.void, scenario: Scenario, instrument: Instrument, atom: Fraction, base: int) -> None:
    contract = scenario.contract_of(instrument)
    start = round(instrument.start_price / contract.tick_size)
    ladder = ladder_start(scenario, instrument)
    levels = instrument.price_levels
    if scenario.prices == "arithmetic":
        levels = 2 * (start - ladder) + 1
    row["venue"] = list(scenario.venues).index(instrument.venue)
    row["tick_value"] = int(tick_value(contract, atom))
    row["inverse"] = int(contract.contract == "inverse")
    row["ladder"], row["n_levels"], row["level_base"] = ladder, levels, base - ladder
    row["best_bid"], row["best_ask"] = ladder - 1, ladder + levels
    row["reference_price"] = row["anchor_price"] = start
    row["buy_stop_last"] = row["buy_stop_mark"] = FAR
    row["sell_stop_last"] = row["sell_stop_mark"] = -FAR
    row["last_price"] = row["mark_price"] = row["previous_mark"] = row["booked_mark"] = row["index_price"] = start
    row["index_milli"] = start * 1000
    row["index_follow_ppm"] = round(instrument.index.follows_book * PPM)
    row["index_lag_steps"] = instrument.index.follow_lag_steps
    for name in ("last_forced_sell", "last_forced_buy"):
        row[name] = NONE
        row[f"{name}_step"] = LONG_AGO
    row["adl_step"] = LONG_AGO


def _mark_and_funding(row: np.void, scenario: Scenario, instrument: Instrument) -> None:
    venue = scenario.venues[instrument.venue]
    mark, funding = venue.mark_price, venue.funding
    row["mark_kind"] = MARK_KINDS.index(mark.kind)
    row["mark_window"], row["mark_sample"] = mark.basis_window_steps, mark.sample_steps
    row["mark_clamp_ppm"] = 0 if mark.clamp is None else round(mark.clamp * PPM)
    row["funding_interval"], row["funding_first"] = funding.interval_steps, funding.first_step
    row["funding_interest_ppb"] = round(funding.interest_rate * PPB)
    row["funding_clamp_ppb"] = round(funding.premium_clamp * PPB)
    row["funding_cap_ppb"] = round(funding.cap * PPB)
