"""Arbitrageurs hold the book against the index, or against what the outside world would pay without its echo."""

from small_worlds import CRASH, POPULATIONS, small_session

from sim.strategies.desk import value_milli

FOLLOWS = {"instruments.BTC.index.follows_book": 1.0, "instruments.BTC.index.follow_lag_steps": 5}
BY_VALUE = {"populations.arbitrage.anchor": "value"}


def played(settings, seed=3, steps=60):
    session = small_session(settings, seed)
    session.advance(steps)
    return session


def test_index_and_value_are_one_where_the_index_does_not_follow_the_book():
    assert played(CRASH).digest() == played({**CRASH, **BY_VALUE}).digest()


def test_index_and_value_part_where_the_index_follows_the_book():
    assert played({**CRASH, **FOLLOWS}).digest() != played({**CRASH, **FOLLOWS, **BY_VALUE}).digest()


def test_value_is_the_outside_path_whatever_the_book_does():
    session = small_session({**CRASH, **FOLLOWS}, 3)
    world = session.world
    for step in range(40):
        session.advance(1)
        assert value_milli(world, 0) == world.index_path[0, step]
    assert world.instruments["index_offset_milli"][0] != 0, "the index has left its path"


def test_makers_do_not_take_the_echo_of_their_own_book_for_news():
    """An index pushed off its path moves the centre by the pull to it alone, not by the whole push."""
    people = [{**item, "index_pull_per_s": 0.0} for item in POPULATIONS if item["name"] == "makers"]
    still = {f"instruments.{name}.index.volatility_bp": 0.0 for name in ("BTC", "ETH")}
    centres = []
    for pushed in (0, -50_000):
        session = small_session({"populations": people, **still}, 3)
        session.advance(1)
        session.world.instruments["index_offset_milli"][0] = pushed
        session.advance(1)
        makers = session.names.populations.index("makers")
        centres.append(session.world.desks["centre"][makers * len(session.world.instruments)])
    assert session.world.instruments["index_milli"][0] == session.world.index_path[0, 1] - 50_000
    assert centres[0] == centres[1] > 0.0


def test_money_that_knows_the_value_brings_an_index_that_follows_back():
    regained = {}
    for anchor in ("index", "value"):
        session = small_session({**CRASH, **FOLLOWS, "populations.arbitrage.anchor": anchor}, 3)
        session.world.instruments["index_offset_milli"][0] = -40_000  # the venue has dragged the outside price down
        session.advance(60)
        regained[anchor] = 1.0 + session.world.instruments["index_offset_milli"][0] / 40_000
    assert regained["value"] > regained["index"] + 0.2, regained
