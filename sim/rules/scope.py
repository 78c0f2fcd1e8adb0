"""From cross to isolated margin and back while positions are open.

A position that becomes isolated gets its initial margin as equity, its profit included; all else stays in the wallet.
One that becomes cross brings all that it has. Refused where equity would not cover the initial margin of all positions
and open orders, and to accounts that are being sold off or called.
"""

from sim.rules.admission import exposed_lots, exposure
from sim.rules.events import emit
from sim.rules.margin import account_of, held_excess, initial_margin, notional
from sim.rules.safe_radius import mark_account_dirty
from sim.rules.settlement import transfer
from sim.rules.worth import unit
from sim.streams import draw, uniform
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    DRAW_SWITCH,
    EVENT_SCOPE_REFUSED,
    EVENT_SCOPE_SWITCH,
    EVENT_TRANSFER,
    FORM_AT_ENTRY,
    NONE,
)

SWITCHES_MAX = 2_048  # traders of a step; the others follow, so that events of a step have a bound
SHARE_SCALE = 10**6


@kernel
def run_switches(world, t):
    """The switches of a scenario that are due, in order, trader by trader."""
    never_inline()
    left = SWITCHES_MAX
    for row in range(world.switches.shape[0]):
        rule = world.switches[row]
        if rule["step"] < 0 or rule["step"] > t or left == 0:
            return
        p, count = rule["population"], world.populations[rule["population"]]["n_traders"]
        while rule["next"] < count and left > 0:
            i = rule["next"]
            words = draw(world, p, rule["step"], i, DRAW_SWITCH)
            if uniform(words[0]) * float(SHARE_SCALE) < float(rule["share"]):
                left -= switch_scope(world, world.populations[p]["first_trader"] + i, rule["isolated"])
            rule["next"] += 1


@kernel
def switch_scope(world, trader, isolated):
    """Change a trader's scope, or refuse; 0 where it is so already."""
    never_inline()
    if world.traders[trader]["isolated"] == isolated:
        return 0
    n_traders, n_instruments = world.clock[0]["n_traders"], world.clock[0]["n_instruments"]
    venue = world.venues[world.populations[world.traders[trader]["population"]]["venue"]]
    spare = equity_to_spare(world, trader)
    busy = False
    for k in range(n_instruments):
        busy = busy or is_busy(world, account_of(world, trader, k))
    if busy or spare < 0:
        lacking = max(-spare, 0)
        first = venue["first_instrument"]
        emit(world, EVENT_SCOPE_REFUSED, first, trader, NONE, NONE, int(0), lacking, NONE, NONE, NONE)
        return 1
    for k in range(n_instruments):
        account = n_traders * (1 + k) + trader
        amount = own_balance(world, trader, k) if isolated != 0 else -world.quote_balance[account]
        if amount > 0:
            transfer(world, EVENT_TRANSFER, trader, account, amount, k, trader, trader, NONE)
        elif amount < 0:
            transfer(world, EVENT_TRANSFER, account, trader, -amount, k, trader, trader, NONE)
        mark_account_dirty(world, account)
    mark_account_dirty(world, trader)
    world.traders[trader]["isolated"] = isolated
    emit(world, EVENT_SCOPE_SWITCH, venue["first_instrument"], trader, NONE, NONE, int(0), int(0), NONE, NONE, NONE)
    return 1


@kernel
def is_busy(world, account):
    """True while an account is being sold off or is at a level of margin calls."""
    if world.account_case[account] >= 0:
        return True
    return world.clock[0]["calls"] != 0 and world.account_call[account] >= 0


@kernel
def own_balance(world, trader, k):
    """Balance with which a position's equity at the mark is its initial margin; 0 without a position."""
    row = k * world.clock[0]["n_traders"] + trader
    size, instrument = world.position_size[row], world.instruments[k]
    if size == 0:
        return 0
    value = notional(world, instrument, size, instrument["mark_price"])
    if instrument["margin_form"] & FORM_AT_ENTRY and world.clock[0]["arithmetic"] == 0:
        value = abs(world.entry_value[row])
    needed = initial_margin(world, instrument, world.traders[trader], value, abs(size))
    needed += held_excess(world, trader, k)
    return needed - size * unit(instrument, instrument["mark_price"])


@kernel
def equity_to_spare(world, trader):
    """What all of a trader's money and positions are worth, less the initial margin of positions and open orders."""
    n_traders = world.clock[0]["n_traders"]
    spare = world.quote_balance[trader]
    for k in range(world.clock[0]["n_instruments"]):
        row = k * n_traders + trader
        size, position, instrument = world.position_size[row], world.positions[row], world.instruments[k]
        spare += world.quote_balance[n_traders + row]
        if size == 0 and position["first_order"] < 0:
            continue
        mark = instrument["mark_price"]
        value = exposure(world, instrument, row, size, mark, int(0), int(0))
        lots = exposed_lots(position, size, int(0), int(0))
        spare += size * unit(instrument, mark)
        spare -= initial_margin(world, instrument, world.traders[trader], value, lots) + held_excess(world, trader, k)
    return spare
