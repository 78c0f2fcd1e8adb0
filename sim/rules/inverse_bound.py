"""What a position paid in coins adds to the bounds on when to look at its account: one over the price bends."""

from sim.terms import kernel, never_inline

NEAR = 0.5  # fall from the anchor up to which its coins are bounded
BENT = 4.0  # a move of r changes 1 / price by at most this times r, up to there
ROUNDED = 4.0  # atoms a lot that may be rounded away: its coins are whole atoms at each price


@kernel
def inverse_terms(instrument, size, ratio):
    """(atoms lost for a move of one up to NEAR, atoms lost by rounding) where a requirement counts `ratio` times."""
    never_inline()
    lots = float(abs(size))
    coins = lots * float(instrument["tick_value"]) / float(instrument["anchor_price"])
    return BENT * coins * (1.0 + ratio), ROUNDED * lots * (1.0 + ratio)
