"""Book figures of a tiny recording made by hand, and of a run whose events are its own recording."""

import numpy as np
import pytest

from sim.evidence.book_facts import BookFacts, book_facts, order_facts
from sim.evidence.book_streams import read_orders, read_updates, simulated_orders, simulated_updates
from sim.terms.vocabulary import EVENT_ORDER_RESTED
from tests.reference.small_worlds import small_session

HEAD = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
# At a mid of 20,000 a tick of 1 is half a basis point. Times in microseconds, from 0.
BOOK = [
    (0, "true", "bid", 19_999.0, 2.0),
    (0, "true", "bid", 19_996.0, 10.0),
    (0, "true", "ask", 20_001.0, 1.0),
    (0, "true", "ask", 20_012.0, 4.0),
    (1_500_000, "false", "bid", 19_999.0, 3.0),  # one more: increase at half a bp
    (1_500_000, "false", "ask", 20_012.0, 0.0),  # decrease at 6 bp
    (2_200_000, "false", "ask", 20_001.0, 0.0),  # the touch goes
    (2_200_000, "false", "ask", 20_000.0, 5.0),  # and comes back a tick closer
    (2_700_000, "false", "bid", 19_999.0, 3.0),  # no change
    (4_100_000, "false", "bid", 19_996.0, 12.0),
]
TRADES = [
    (0, 500_000, "buy", 10_000.0, 0.1),
    (0, 500_000, "buy", 10_001.0, 0.2),
    (0, 500_000, "sell", 9_999.0, 1.0),
    (900_000, 1_400_000, "sell", 9_999.0, 2.0),
    (2_900_000, 3_400_000, "buy", 10_000.0, 4.0),
]


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(HEAD + "".join(f"x,Y,{t},{t},{s},{side},{p},{a}\n" for t, s, side, p, a in BOOK))
    return path


@pytest.fixture
def trades(tmp_path):
    path = tmp_path / "trades.csv"
    rows = "".join(f"x,Y,{e},{t},{i},{side},{p},{a}\n" for i, (e, t, side, p, a) in enumerate(TRADES))
    path.write_text("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n" + rows)
    return path


def test_a_book_by_hand(recording):
    facts = book_facts(read_updates(recording), 1.0, 4.0)
    assert isinstance(facts, BookFacts) and facts.seconds == 3.0
    # Marks at 1, 2 and 3 s see spreads of 2, 2 and 1 ticks; each of the messages at 1.5, 2.2 and 2.7 s what was before.
    assert facts.one_tick_seconds == pytest.approx(1 / 3)
    assert facts.one_tick_messages == pytest.approx(1 / 3)
    assert facts.spread_bp == pytest.approx((1.0 + 1.0 + 0.5) / 3, rel=1e-3)
    assert facts.bid_depth[1.0] == pytest.approx(3.0 * 19_999.0)  # median of 2, 3 and 3 coins
    assert facts.bid_depth[2.0] == pytest.approx(3.0 * 19_999.0 + 10.0 * 19_996.0)
    assert facts.ask_depth[5.0] == pytest.approx(1.0 * 20_001.0)
    assert facts.ask_depth[10.0] == pytest.approx(5.0 * 20_000.0, rel=0.1)
    # Distances from the mid before the message: the bid of 1.5 s and the asks of 2.2 s lie at or within half a bp.
    assert sum(facts.increases) * 3.0 == pytest.approx(2.0) and facts.increases[0] * 3.0 >= 1.0
    assert facts.decreases[4] * 3.0 == pytest.approx(1.0) and sum(facts.decreases) * 3.0 == pytest.approx(2.0)
    assert facts.increase_mean == pytest.approx((1.0 * 19_999.0 + 5.0 * 20_000.0) / 2)


def test_rows_of_a_snapshot_count_for_nothing(recording):
    facts = book_facts(read_updates(recording), 0.0, 1.4)
    assert sum(facts.increases) == 0.0 and sum(facts.decreases) == 0.0


def test_trades_of_one_millisecond_and_side_are_one_order(trades):
    facts = order_facts(read_orders(trades), 0.0, 4.0, (1,))
    assert facts.per_second == pytest.approx(1.0)
    assert facts.largest == pytest.approx(40_000.0)
    assert facts.mean == pytest.approx((1_000.0 + 2_000.2 + 9_999.0 + 19_998.0 + 40_000.0) / 4)
    assert facts.sign_autocorrelation[1] == pytest.approx(-1 / 3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("is_snapshot", "snapshot", "no column is_snapshot"),
        ("ask", "offer", "a side other than bid and ask"),
        (",3.0\n", ",-3.0\n", "cannot be"),
        ("x,Y,4100000,4100000", "x,Y,4100000,100", "order of arrival"),
    ],
)
def test_a_bad_recording_is_refused(recording, old, new, words):
    recording.write_text(recording.read_text().replace(old, new))
    with pytest.raises(ValueError, match=words):
        read_updates(recording)


def test_an_empty_recording_and_an_empty_window_are_refused(recording, trades):
    with pytest.raises(ValueError, match="no marketable order"):
        order_facts(read_orders(trades), 100.0, 200.0)
    recording.write_text(HEAD)
    with pytest.raises(ValueError, match="no rows"):
        read_updates(recording)


def test_a_run_read_as_a_recording_ends_with_the_book_of_the_run():
    settings = {"record.order_events": True, "steps": 60}
    session = small_session(settings)
    world, k = session.world, 0
    instrument = world.instruments[k]
    window = slice(int(instrument["level_base"] + instrument["ladder"]), None)
    before = world.levels["quantity"][window][: int(instrument["n_levels"])].copy()
    bid = int(instrument["best_bid"])
    session.advance(60)
    events = session.take_events()
    events = events[events["instrument"] == k]
    tick, lot = session.names.tick_size[k], session.names.lot_size[k]
    updates = simulated_updates(events, before, int(instrument["ladder"]), bid, tick, lot)
    last = {}
    for side, place, amount in zip(updates.side, updates.tick, updates.amount, strict=True):
        last[int(side), int(place)] = float(amount)
    after = world.levels["quantity"][window][: int(instrument["n_levels"])]
    expected, bid = {}, int(world.instruments[k]["best_bid"])
    for place in np.flatnonzero(after).tolist():
        price = place + int(instrument["ladder"])
        expected[1 if price <= bid else -1, price] = float(after[place]) * lot
    assert {key: amount for key, amount in last.items() if amount > 1e-12} == pytest.approx(expected)
    facts = book_facts(updates, 10.0, 60.0)
    rested = events[(events["kind"] == EVENT_ORDER_RESTED) & (events["step"] >= 10)]
    assert 0 < sum(facts.increases) * 50.0 <= len(rested)
    traded = simulated_orders(events, tick, lot)
    steps = session.take_steps()
    value = steps[steps["instrument"] == k]["traded_value"].sum() * session.names.atom
    assert traded.money.sum() == pytest.approx(value)
