"""Funding between longs and shorts: the premium of the book over the index, clamped, paid on a clock.

Rate = premium + clamp(interest - premium, +-clamp), capped (Binance USD-M; the divisor for shorter intervals is
applied to the dials when the world is built). Rates in parts per billion.
"""

from sim.rules.margin import account_of, notional
from sim.rules.rounding import ceil_div, half_even_div
from sim.rules.settlement import transfer
from sim.terms import kernel
from sim.terms.vocabulary import EVENT_FUNDING, NONE

PPB = 1_000_000_000


@kernel
def sample_premium(instrument, mid, valued):
    """Take the mid's distance from the index, as a fraction of `valued` (all in thousandths), into the running mean."""
    gap = mid - instrument["index_milli"]
    instrument["premium_sum"] += half_even_div(gap * 1_000_000, valued) * 1000
    instrument["premium_count"] += 1


@kernel
def next_rate(instrument):
    """Rate of the interval that ends now."""
    premium = half_even_div(instrument["premium_sum"], max(instrument["premium_count"], 1))
    pull = instrument["funding_interest_ppb"] - premium
    clamp = instrument["funding_clamp_ppb"]
    rate = premium + min(max(pull, -clamp), clamp)
    cap = instrument["funding_cap_ppb"]
    return min(max(rate, -cap), cap)


@kernel
def _cash_of_fund(world, venue):
    """Balance of a venue's fund with inventory at cost."""
    cash = world.quote_balance[venue["fund"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        cash += world.entry_value[k * world.clock[0]["n_traders"] + venue["fund"]]
    return cash


@kernel
def pay_funding(world, k, rate):
    """Every position pays or receives rate x notional at mark: payers rounded up, receivers down, rest to the venue.

    What the fund owes on its inventory beyond its cash, the venue bears.
    """
    clock, instrument = world.clock, world.instruments[k]
    n_traders = clock[0]["n_traders"]
    venue = world.venues[instrument["venue"]]
    treasury = venue["treasury"]
    for trader in range(n_traders):
        size = world.position_size[k * n_traders + trader]
        if size == 0 or trader == treasury:
            continue
        value = notional(world, instrument, size, instrument["mark_price"])
        due = rate if size > 0 else -rate
        amount = (value // PPB) * due + ceil_div((value % PPB) * due, PPB)
        if trader == venue["fund"]:
            amount = min(amount, max(_cash_of_fund(world, venue), 0))
        if amount != 0:
            account = account_of(world, trader, k)
            transfer(world, EVENT_FUNDING, account, treasury, amount, k, trader, treasury, NONE)
