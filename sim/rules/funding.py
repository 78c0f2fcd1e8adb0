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
def sample_premium(instrument, mid):
    """Take the premium of the mid (thousandths of a tick) over the index into the running mean."""
    index = instrument["index_milli"]
    instrument["premium_sum"] += half_even_div((mid - index) * 1_000_000, index) * 1000
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
def pay_funding(world, k, rate):
    """Every position pays or receives rate x notional at mark: payers rounded up, receivers down, rest to the venue."""
    clock, instrument = world.clock, world.instruments[k]
    n_traders = clock[0]["n_traders"]
    treasury = world.venues[instrument["venue"]]["treasury"]
    for trader in range(n_traders):
        size = world.position_size[k * n_traders + trader]
        if size == 0 or trader == treasury:
            continue
        value = notional(world, instrument, size, instrument["mark_price"])
        due = rate if size > 0 else -rate
        amount = (value // PPB) * due + ceil_div((value % PPB) * due, PPB)
        if amount != 0:
            account = account_of(world, trader, k)
            transfer(world, EVENT_FUNDING, account, treasury, amount, k, trader, treasury, NONE)
