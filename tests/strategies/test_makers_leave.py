"""Makers who thin out, leave and come back: the cooperation threshold between staying and leaving."""

import numpy as np
import pytest
from posting_stage import Stage
from small_worlds import CRASH, small_session

NEVER = {"volatility_threshold_bp": None, "leave_volatility_bp": None, "leave_inventory": None}
LEAVING = {"volatility_threshold_bp": None, "leave_volatility_bp": 40.0, "return_delay_s": 7.0}
EXACT = {"jitter": 0.0, "quote_life_s": 1.0, "volatility_half_life_s": 1.0}


def shares(staying, steps=30, jump=10, **dials):
    """(steps,) quoted size over nominal size while the price jumps by 1 % at one step."""
    stage = Stage("makers", **{**EXACT, **LEAVING, "staying_share": staying, **dials})
    found, sizes = [], []
    for t in range(steps):
        stage.set_price(0.01 if t >= jump else 0.0, t=t)
        orders = stage.orders(t)
        found.append(float(stage.desk["share"]))
        sizes.append(int(orders["size"].sum()) if len(orders) else 0)
    return np.array(found), np.array(sizes)


def test_who_leaves_quotes_nothing_until_the_cause_has_been_gone_for_the_delay():
    found, sizes = shares(0.0)
    # The variance halves each step: 1e-4 / 2 at the jump, above the limit of 1.6e-5 in this step and the next.
    away = np.arange(30)[found == 0.0]
    assert away.tolist() == list(range(10, 10 + 2 + 7))
    assert (sizes[away] == 0).all() and (sizes[:10] > 0).all() and (sizes[19:] > 0).all()
    assert set(found.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("delay", [0.0, 3.0, 12.0])
def test_nobody_comes_back_before_the_delay_is_over(delay):
    found, _ = shares(0.0, return_delay_s=delay)
    assert (found == 0.0).sum() == 2 + delay


def test_the_share_that_stays_lies_between_the_pure_policies():
    none, half, everybody = (shares(staying)[0] for staying in (0.0, 0.5, 1.0))
    assert (everybody == 1.0).all()
    assert half.tolist() == ((none + everybody) / 2.0).tolist()


def test_a_volatile_price_thins_in_proportion_to_who_does_not_stay():
    dials = {"volatility_threshold_bp": 20.0, "leave_volatility_bp": None, "size_floor": 0.0}
    none, half = (shares(staying, **dials)[0] for staying in (0.0, 0.5))
    assert none[10] == pytest.approx(1.0 / (1.0 + 0.5 * (0.01 / 1.01) ** 2 / 4e-6))
    assert half.tolist() == pytest.approx((0.5 + 0.5 * none).tolist())


def test_inventory_beyond_the_limit_makes_them_leave_too():
    dials = {"leave_volatility_bp": None, "leave_inventory": 0.5, "inventory_limit": 1.0, "layoff_half_life_s": 1e7}
    for lots, away in ((19_000, False), (21_000, True)):  # half of the nominal depth is 20,000 lots of 10
        stage = Stage("makers", **{**EXACT, **LEAVING, "staying_share": 0.0, **dials})
        stage.world.position_size[stage.first] = lots
        stage.orders(0)
        assert (stage.desk["share"] == 0.0) == away


def digest(**makers):
    dotted = {f"populations.makers.{name}": value for name, value in {"inventory_limit": 100.0, **makers}.items()}
    session = small_session({**CRASH, **dotted}, 3)
    session.advance(60)
    return session.digest()


def test_makers_who_all_stay_give_the_bytes_of_makers_who_never_thin():
    never = digest(**NEVER)
    leaving = {"volatility_threshold_bp": 5.0, "leave_volatility_bp": 5.0, "leave_inventory": 0.05}
    assert digest(staying_share=1.0, **leaving) == never
    assert digest(staying_share=0.9, **leaving) != never


def depth(staying):
    """Mean quantity of both sides in the crash."""
    dials = {"staying_share": staying, "leave_volatility_bp": 20.0, "quote_life_s": 1.0}
    session = small_session({**CRASH, **{f"populations.makers.{name}": value for name, value in dials.items()}}, 3)
    session.advance(40)
    rows = session.take_steps()
    rows = rows[(rows["instrument"] == 0) & (rows["step"] >= 12) & (rows["bid_depth"] >= 0)]
    return float((rows["bid_depth"] + rows["ask_depth"]).mean())


def test_depth_in_a_crash_grows_with_the_share_that_stays():
    none, half, everybody = (depth(staying) for staying in (0.0, 0.5, 1.0))
    assert none < 0.2 * everybody and none < half < everybody
