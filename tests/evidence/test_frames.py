"""Frames are in natural units and give the exact integers back."""

import numpy as np
import pandas as pd
import synthetic_session as synthetic

from sim.evidence.frames import events_frame, steps_frame
from sim.terms.vocabulary import EVENT_ORDER_REJECTED


def test_steps_are_in_quote_and_base_units_and_divide_back_to_integers() -> None:
    rows, names = synthetic.make_steps(50), synthetic.make_names()
    frame = steps_frame(rows, names)
    tick = np.asarray(names.tick_size)[rows["instrument"]]
    assert np.array_equal(np.rint(frame["last_price"].to_numpy(float) / tick), rows["last_price"])
    assert np.array_equal(np.rint(frame["fund_cash"].to_numpy() / names.atom), rows["fund_cash"])
    assert frame["instrument"].tolist()[:2] == ["BTCUSDT", "ETHUSDT"]
    assert frame["bid_depth"].isna().sum() == (rows["bid_depth"] == -1).sum()


def test_an_empty_side_of_the_book_is_missing() -> None:
    rows = synthetic.make_steps(2)
    rows["best_bid"][0] = -1
    rows["best_ask"][1] = np.iinfo(np.int64).max // 2
    frame = steps_frame(rows, synthetic.make_names())
    assert pd.isna(frame["best_bid"][0]) and pd.isna(frame["best_ask"][1])
    assert frame["best_ask"].notna()[0]


def test_events_name_kinds_and_populations_and_keep_missing_causes_missing() -> None:
    rows, names = synthetic.make_events(synthetic.make_steps()), synthetic.make_names()
    frame = events_frame(rows, names)
    assert frame["kind"].tolist()[:2] == ["liquidation", "liquidation_sale"]
    assert frame["actor_population"][0] == "speculators" and frame["counterparty_population"][1] == "makers"
    assert pd.isna(frame["cause"][0]) and frame["cause"][1] == 0
    assert pd.isna(frame["counterparty"][0]) and frame["counterparty"].dtype == "Int64"
    assert (frame["id"] == np.arange(len(rows))).all()


def test_a_rejected_order_has_a_reason_and_no_amount() -> None:
    rows = synthetic.make_events(synthetic.make_steps())[:1]
    rows["kind"], rows["amount"] = EVENT_ORDER_REJECTED, 3
    frame = events_frame(rows, synthetic.make_names())
    assert frame["reason"][0] == 3 and pd.isna(frame["amount"][0])
    assert len(events_frame(rows[:0], synthetic.make_names())) == 0
