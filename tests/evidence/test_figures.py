"""Pictures: PNG bytes that repeat, also when nothing happened."""

import numpy as np
import pytest
import synthetic_session as synthetic

from sim.evidence.canvas import money_text
from sim.evidence.figures_experiment import Curve, headline_figure
from sim.evidence.figures_fund import fund_figure
from sim.evidence.figures_map import map_figure
from sim.evidence.figures_market import NewsLeg, activity_figure, price_figure
from sim.evidence.frames import steps_frame
from sim.evidence.liquidation_map import LiquidationMap
from sim.evidence.statistics import Interval
from sim.evidence.summary import who_paid

PNG = b"\x89PNG\r\n\x1a\n"


def frame(quiet: bool = False):
    rows = synthetic.make_steps(400, news=100)
    if quiet:
        rows["liquidated_long"] = rows["liquidated_short"] = 0
        rows["best_bid"], rows["bid_depth"], rows["ask_depth"] = -1, 0, 0
    found = steps_frame(rows, synthetic.make_names())
    return found[found["instrument"] == "BTCUSDT"].reset_index(drop=True)


def sampled(empty: bool = False) -> LiquidationMap:
    levels = LiquidationMap(117_000.0)
    for step in (0, 60, 120):
        prices = np.linspace(90_000, 116_000, 50)
        levels.add(step, prices[:0] if empty else prices, np.full(0 if empty else 50, -2e6))
    return levels


def all_pictures(quiet: bool) -> list[bytes]:
    paid = who_paid(synthetic.make_funds(), 9e6, synthetic.ATOM)
    none = dict.fromkeys(paid, 0.0)
    legs = [] if quiet else [NewsLeg(100, 200, -0.015), NewsLeg(200, 260, -0.035)]
    return [
        price_figure(frame(quiet), "prices", 1.0, legs),
        activity_figure(frame(quiet), "activity", 1.0, legs),
        map_figure(sampled(quiet), frame(quiet), "map"),
        fund_figure(frame(quiet), none if quiet else paid, "fund", 1.0, quiet),
    ]


@pytest.mark.parametrize("quiet", [False, True])
def test_pictures_are_png_without_version_or_date_and_repeat_byte_for_byte(quiet: bool) -> None:
    first, second = all_pictures(quiet), all_pictures(quiet)
    assert first == second
    for picture in first:
        assert picture.startswith(PNG)
        assert b"matplotlib" not in picture.lower() and b"tIME" not in picture


def test_the_headline_draws_censored_and_missing_points() -> None:
    intervals = [Interval(1.0, 0.5, 1.5, 20), Interval(2.0, None, None, 1, censored=1), Interval(None, None, None, 0)]
    curves = [Curve("drain", mode, [0.5, 1.0, 2.0], intervals) for mode in ("isolated", "cross")]
    empty = [Curve("drain", "cross", [1.0], [Interval(None, None, None, 0)])]
    assert headline_figure(curves, curves, "title", "note", "a", "b").startswith(PNG)
    assert headline_figure(empty, empty, "title", "note", "a", "b").startswith(PNG)


def test_the_map_keeps_all_notional_on_the_picture() -> None:
    matrix = sampled().matrix()
    assert matrix.shape[1] == 3
    assert matrix[:, 0].sum() == pytest.approx(50 * 2e6)
    levels = LiquidationMap(100.0)
    levels.add(0, np.array([np.nan, -5.0, 0.0, 99.0]), np.array([1.0, 1.0, 1.0, 7.0]))
    assert levels.matrix().sum() == 7.0


def test_money_is_written_with_three_digits() -> None:
    assert [money_text(v) for v in (0, 999, 1234, -5.6e6, 9.9999e8, 2.5e9)] == [
        "0", "999", "1.23 k", "-5.6 M", "1 bn", "2.5 bn",
    ]  # fmt: skip
