"""Hedged shorts: their share that stands with the outside world, and what is open at the start."""

import numpy as np
import pytest
from small_worlds import POPULATIONS, STRESS, small_session

NAMES = [item["name"] for item in POPULATIONS]


def opened(share, **settings):
    """(2, n_traders) lots at the start, and the rows of basis traders and speculators."""
    session = small_session({**STRESS, "populations.basis.booked_outside": share, **settings}, 3)
    world = session.world
    p = world.traders["population"]
    return world, world.position_size.reshape(2, -1), p == 1 + NAMES.index("basis"), p == 1 + NAMES.index("speculators")


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_booked_outside_is_short_there_and_the_rest_with_basis_traders(share):
    world, sizes, basis, speculators = opened(share)
    longs = np.maximum(sizes[:, basis], 0).sum(axis=1) + sizes[:, speculators].sum(axis=1)
    assert (longs > 0).all()
    assert np.minimum(sizes[:, basis], 0).sum(axis=1).tolist() == [-round(lots * (1.0 - share)) for lots in longs]
    assert (sizes[:, 0] == -longs - np.minimum(sizes[:, basis], 0).sum(axis=1)).all()
    assert (sizes.sum(axis=1) == 0).all()
    assert world.instruments["open_interest"].tolist() == np.maximum(sizes, 0).sum(axis=1).tolist()


@pytest.mark.parametrize("mirror", [False, True])
def test_budgets_are_shares_of_what_is_open_wherever_the_shorts_stand(mirror):
    mirrored = {"prices": "arithmetic", "mirror": mirror, "venues.venue.funding.interest_rate": 0.0}
    wallets = []
    for share in (0.0, 0.5, 1.0):
        world, _, _, _ = opened(share, **mirrored)
        late = np.isin(world.traders["population"], (1 + NAMES.index("trend"), len(POPULATIONS) + 1))
        wallets.append(world.quote_balance[: len(late)][late].tolist())
    assert wallets[0] == wallets[1] == wallets[2]


def test_open_interest_falls_by_what_the_outside_takes_over_of_its_own_shorts():
    lost = []
    for share in (0.0, 1.0):
        world, sizes, _, _ = opened(
            share, **{"instruments.BTC.news": [{"start_step": 5, "duration_steps": 8, "size": -0.12}]}
        )
        before = int(world.instruments[0]["open_interest"])
        session = small_session(
            {**STRESS, "populations.basis.booked_outside": share,
             "instruments.BTC.news": [{"start_step": 5, "duration_steps": 8, "size": -0.12}]}, 3,
        )  # fmt: skip
        session.advance(60)
        lost.append(1.0 - int(session.world.instruments[0]["open_interest"]) / before)
    assert lost[1] > lost[0] + 0.02
