"""How much of a position with whole-position tiers must go so that its account complies: stepping down frees a lump."""

from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.forms import position_requirement, tier_row
from sim.rules.margin import maintenance_atoms, position_margin
from sim.rules.rounding import rate_of, share_toward_zero
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FORM_AT_ENTRY, FORM_EXTENDED


@kernel
def lots_to_comply(world, v, k, trader, equity, maintenance):
    """Fewest lots to close at the mark, fee included, so that equity covers what is wanted; all where none suffice.

    Within a tier the gap is a line in the lots that are kept.
    """
    never_inline()
    instrument = world.instruments[k]
    first = instrument["first_tier"]
    row = k * world.clock[0]["n_traders"] + trader
    held = abs(world.position_size[row])
    others = maintenance - position_margin(world, trader, k)
    upper = held
    while upper > 0:
        if gap_keeping(world, v, k, trader, upper, equity, others) <= 0:
            return held - upper
        tier = tier_row(world.tiers, first, instrument["n_tiers"], basis(world, k, row, upper))
        lower = int(1) if tier == first else fewest_reaching(world, k, row, world.tiers[tier]["floor"], upper)
        if gap_keeping(world, v, k, trader, lower, equity, others) > 0:
            upper = lower - 1
            continue
        while upper - lower > 1:
            middle = (lower + upper) // 2
            if gap_keeping(world, v, k, trader, middle, equity, others) > 0:
                upper = middle
            else:
                lower = middle
        return held - lower
    return held


@kernel
def margin_keeping(world, k, trader, kept, equity):
    """Requirement in atoms of a position of which `kept` lots are left, with `equity` in its account then."""
    never_inline()
    instrument = world.instruments[k]
    row = k * world.clock[0]["n_traders"] + trader
    if kept == 0:
        return 0
    if instrument["margin_form"] & FORM_EXTENDED:
        signed = kept if world.position_size[row] > 0 else -kept
        entry, dated = _entry_kept(world, row, kept), world.positions[row]["margin_rate"]
        return position_requirement(world, instrument, signed, entry, dated, instrument["mark_price"], equity)
    return maintenance_atoms(world, instrument, value_at_mark(world, k, kept))


@kernel
def gap_keeping(world, v, k, trader, kept, equity, others):
    """Maintenance and buffer less equity in atoms once all but `kept` lots are closed at the mark for the fee."""
    never_inline()
    lots = abs(world.position_size[k * world.clock[0]["n_traders"] + trader]) - kept
    equity -= fee_part(world, value_at_mark(world, k, lots), world.venues[v]["closing_cost"])
    return wanted_atoms(world, v, others + margin_keeping(world, k, trader, kept, equity)) - equity


@kernel
def wanted_atoms(world, v, maintenance):
    """Equity that a restored account is to have: the maintenance margin and the venue's buffer on it."""
    return maintenance + rate_of(maintenance, world.venues[v]["buffer_rate"], world.clock[0]["fee_scale"])


@kernel
def _entry_kept(world, row, kept):
    """Entry value in atoms that stays with `kept` lots."""
    held, entry = abs(world.position_size[row]), world.entry_value[row]
    return entry - share_toward_zero(entry, held - kept, held)


@kernel
def basis(world, k, row, kept):
    """Notional in atoms of `kept` lots by which their tier is chosen."""
    if world.instruments[k]["margin_form"] & FORM_AT_ENTRY and world.clock[0]["arithmetic"] == 0:
        return abs(_entry_kept(world, row, kept))
    return value_at_mark(world, k, kept)


@kernel
def fewest_reaching(world, k, row, floor, upper):
    """Fewest lots whose notional reaches a floor; `upper` lots do."""
    never_inline()
    lower = 0
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if basis(world, k, row, middle) >= floor:
            upper = middle
        else:
            lower = middle
    return upper
