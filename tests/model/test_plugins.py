"""Strategies in plain Python that a scenario names: who they are, what they see, and what is refused by name."""

import sys

import numpy as np
import pytest

from sim.agents import StrategyError, TraderPopulation
from sim.evidence.frames import events_frame
from sim.model import MarketModel
from sim.scenario import ScenarioError

HEAD = "from sim.agents import Order, Strategy, Trader\n"
DIPS = (
    HEAD
    + """
class Dips(Trader):
    size = 0.1
    far = 0.0001

    def start(self):
        self.tossed, self.seen = [], []

    def decide(self, view):
        btc = view["BTCUSDT"]
        self.tossed.append((self.rng.random(), self.random.random(), *self.draw(7)))
        self.seen += btc.fills
        if view.step % 3 == self.row % 3:
            yield Order.buy("BTCUSDT", self.size, price=btc.last_price * (1 - self.far))
"""
)
FLOCK = (
    HEAD
    + """
class Flock(Strategy):
    def decide(self, view):
        for trader in range(len(view)):
            if view.step == trader:
                yield Order.buy("BTCUSDT", 0.1 * (trader + 1), trader=trader)
        if view.step == 5:
            mine = view.trader(1)["BTCUSDT"]
            assert abs(mine.position - 0.2) < 1e-9 and view.lots("BTCUSDT").tolist() == [100, 200, 300]
            assert view.equities.shape == (3,) and view.trader(2).equity == view.equities[2]
            yield Order.sell("BTCUSDT", mine.position, trader=1, reduce_only=True)
"""
)


@pytest.fixture
def play(tmp_path):
    """A function that writes plug-ins and their scenario, and builds a model."""

    def build(populations, seed=3, allow_code=True, steps=60, overrides=(), **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        lines = "".join(f"  - {line}\n" for line in populations)
        small = "  - {name: speculators, count: 100}\n  - {name: noise, count: 30}\n  - {name: trend, count: 10}\n"
        file = tmp_path / "plugins.yaml"
        file.write_text(f"from: baseline.yaml\nname: plugins\nsteps: {steps}\npopulations:\n{lines}{small}")
        return MarketModel(file, seed, overrides, allow_code=allow_code)

    return build


def line(name, file, strategy, **fields):
    more = "".join(f", {key}: {value}" for key, value in fields.items())
    return f"{{kind: python, name: {name}, venue: binance, file: {file}.py, strategy: {strategy}{more}}}"


def test_without_permission_the_file_is_not_even_imported(play, tmp_path):
    spy = f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).write_text('')\n" + DIPS
    with pytest.raises(ScenarioError, match=r"plugins.yaml:5:\d+: populations.dips.file: population dips .* dips.py"):
        play([line("dips", "dips", "Dips")], allow_code=False, dips=spy)
    assert not (tmp_path / "ran").exists()
    play([line("dips", "dips", "Dips")], dips=spy)
    assert (tmp_path / "ran").exists()


def test_a_population_of_traders_is_an_agent_for_each_row_beside_the_population_itself(play):
    model = play([line("dips", "dips", "Dips", count=3, capital=2.0e5, leverage=4, dials="{size: 0.2}")], dips=DIPS)
    population = model.population("dips")
    assert [trader.row for trader in model.traders] == list(range(population.first_trader, population.first_trader + 3))
    assert {type(trader).__name__ for trader in model.traders} == {"Dips"} and population.kind == "python"
    assert len(model.agents_by_type[TraderPopulation]) == 9 and len(model.agents_by_type[type(model.traders[0])]) == 3
    assert population.equities.tolist() == [2e5] * 3 and model.traders[0].size == 0.2
    model.advance(60)
    assert all(trader.positions["BTCUSDT"] > 0.0 for trader in model.traders)
    assert [trader.equity for trader in model.traders] == population.equities.tolist()


def test_each_sees_its_own_fills_wherever_its_population_stands_in_the_list(play):
    model = play([line("dips", "dips", "Dips", count=2), line("late", "dips", "Dips")], dips=DIPS)
    model.advance(60)
    assert [population.name for population in model.populations][-2:] == ["dips", "late"]
    frame = events_frame(model.take_events(), model.session.names)
    fills = frame[frame["kind"] == "fill"]
    for trader in model.traders:
        own = fills[(fills["actor"] == trader.row) | (fills["counterparty"] == trader.row)]
        before = own[own["step"] < model.tick - 1]
        assert len(before) == len(trader.seen) > 0
    known = {"dips", "late"}
    assert all({a, b} & known for a, b in zip(fills["actor_population"], fills["counterparty_population"], strict=True))


def test_a_strategy_decides_for_all_rows_of_its_population(play):
    model = play([line("flock", "flock", "Flock", count=3, capital=1.0e6)], flock=FLOCK)
    model.advance(8)
    (flock,) = model.traders
    assert flock.view().lots("BTCUSDT").tolist() == [100, 0, 300]
    assert model.population("flock").positions["BTCUSDT"] == pytest.approx([0.1, 0.0, 0.3])


def test_stepwise_and_batched_are_the_same_bytes(play):
    digests = set()
    for stride in (1, 7, 60):
        model = play([line("dips", "dips", "Dips", count=2)], dips=DIPS)
        while model.running:
            model.advance(min(stride, model.horizon - model.tick))
        digests.add(model.digest())
    assert len(digests) == 1


def tossed(model, name):
    return [trader.tossed for trader in model.traders if trader.name == name]


def test_each_trader_has_dice_of_its_own_that_nobody_else_can_touch(play):
    both = [line("dips", "dips", "Dips", count=3), line("late", "dips", "Dips", count=2)]
    together = play(both, dips=DIPS)
    alone = play([line("late", "dips", "Dips", count=2)], dips=DIPS)
    reversed_ = play(both[::-1], dips=DIPS)
    more = play([line("late", "dips", "Dips", count=4)], dips=DIPS)
    for model in (together, alone, reversed_, more):
        model.advance(20)
    late = tossed(together, "late")
    assert late == tossed(alone, "late") == tossed(reversed_, "late") == tossed(more, "late")[:2]
    draws = [draw for trader in tossed(together, "dips") + late for step in trader for draw in step[:2]]
    assert len(set(draws)) == len(draws) == 5 * 20 * 2
    assert late != tossed(play(both, seed=4, dips=DIPS), "late")


def test_code_that_draws_from_its_own_dice_leaves_the_other_populations_alone(play):
    """A plug-in that tosses a thousand coins and sends nothing: the others play as if it were idle."""
    idle = HEAD + "class Quiet(Trader):\n    def decide(self, view):\n        pass\n"
    busy = HEAD + (
        "class Quiet(Trader):\n    def decide(self, view):\n        self.rng.random(1000)\n"
        "        for i in range(100):\n            self.draw(i), self.random.random()\n"
    )
    digests = []
    for text in (idle, busy):
        model = play([line("quiet", "quiet", "Quiet")], quiet=text)
        model.advance(40)
        digests.append(model.digest())
    assert digests[0] == digests[1]


def test_each_population_runs_its_file_afresh(play):
    counter = (
        HEAD
        + "COUNT = []\n\n\nclass One(Trader):\n    def decide(self, view):\n"
        + "        COUNT.append(1)\n        self.n = len(COUNT)\n"
    )
    model = play([line("one", "one", "One"), line("two", "one", "One")], one=counter)
    model.advance(3)
    assert [trader.n for trader in model.traders] == [3, 3]
    again = play([line("one", "one", "One")], one=counter)
    again.advance(3)
    assert again.traders[0].n == 3


CLASS = HEAD + "class Mine(Trader):\n    size = 1\n\n    def decide(self, view):\n        pass\n"
BROKEN = {
    "cannot be imported: NameError: name 'x' is not defined (line 2, in <module>)": ("Mine", HEAD + "x\n", ""),
    "No module named 'helper_of_mine' (line 1, in <module>); a strategy is one file": (
        "Mine", "import helper_of_mine\n", ""),
    "cannot be imported: SystemExit: 3": ("Mine", "import sys\nsys.exit(3)\n", ""),
    "no class Mien in mine.py; did you mean Mine?": ("Mien", CLASS, ""),
    "no class Mine in mine.py": ("Mine", "x = 1\n", ""),
    "Mine in mine.py is no Trader and no Strategy of sim.agents": ("Mine", "class Mine:\n    pass\n", ""),
    "Mine in mine.py is no Trader": ("Mine", "Mine = 7\n", ""),
    "Mine needs a method decide(self, view)": (
        "Mine", HEAD + "class Mine(Trader):\n    def descide(self, view): pass\n", ""),
    "Mine declares no attribute seize; did you mean size?": ("Mine", CLASS, "seize"),
    "Mine declares no attribute decide": ("Mine", CLASS, "decide"),
    "Mine declares no attribute row": ("Mine", CLASS, "row"),
    "Mine of mine.py cannot start: KeyError: 'a' (line 4, in start)": (
        "Mine", CLASS.replace("    size = 1\n", "    def start(self):\n        {}['a']\n"), ""),
}  # fmt: skip
PLACES = {"cannot be imported": "file", "No module": "file", "declares no": "dials.{dial}"}


@pytest.mark.parametrize("said", BROKEN)
def test_a_file_without_a_strategy_is_refused_with_its_place_in_the_scenario(play, said):
    strategy, text, dial = BROKEN[said]
    fields = {"dials": f"{{{dial}: 1}}"} if dial else {}
    before = set(sys.modules)
    with pytest.raises(ScenarioError) as caught:
        play([line("mine", "mine", strategy, **fields)], mine=text)
    path = next((place.format(dial=dial) for word, place in PLACES.items() if word in said), "strategy")
    assert "plugins.yaml:5:" in str(caught.value) and f": populations.mine.{path}: " in str(caught.value)
    assert said in str(caught.value)
    if "imported" in said:
        assert set(sys.modules) == before, "a module that failed is not left behind"


def bad(body, kind="Trader"):
    return HEAD + f"class Bad({kind}):\n    def decide(self, view):\n        if view.step == 4:\n            {body}\n"


FAULTS = {
    "decide() raised ZeroDivisionError: division by zero (line 5, in decide)": "1 / 0",
    "decide() raised SystemExit: 3 (line 5, in decide)": "raise SystemExit(3)",
    "order 1 (buy 1 DOGE, market): no instrument 'DOGE'; known: BTCUSDT, ETHUSDT": "return Order.buy('DOGE', 1)",
    "order 1 (sell 1 BTCUSDT at nan, limit): price nan is not allowed": "return Order.sell('BTCUSDT', 1, float('nan'))",
    "order 1 (buy inf BTCUSDT, market): size inf is not allowed": "return Order.buy('BTCUSDT', float('inf'))",
    "belongs to someone else, of population makers; cancel only your own": (
        "return Order.cancel(next(int(r['sequence']) << 22 | i for i, r in "
        "enumerate(self.model.session.world.orders) if r['sequence'] >= 0))"),
    "no order has had the id 99999999999999999": "return Order.cancel(99999999999999999)",
    "order 1 (buy 1 BTCUSDT, market): trader 1 is not allowed": "return Order.buy('BTCUSDT', 1, trader=1)",
    "decide() gave 7": "return 7",
    "order 2: None is no Order": "return [Order.cancel_all('BTCUSDT'), None]",
}  # fmt: skip


@pytest.mark.parametrize("said", FAULTS)
def test_what_a_plug_in_does_wrong_is_said_with_population_trader_and_step(play, said):
    model = play([line("bad", "bad", "Bad", count=2)], bad=bad(FAULTS[said]))
    before = model.advance(4) or model.digest()
    with pytest.raises(StrategyError) as caught:
        model.advance(3)
    assert str(caught.value).startswith("population bad, trader 0, step 4") and said in str(caught.value)
    assert (caught.value.population, caught.value.trader, caught.value.step) == ("bad", 0, 4)
    assert model.tick == 4 and model.digest() == before


@pytest.mark.parametrize("place", ["-1", "3", "True", "0.5", "None"])
def test_a_strategy_sends_for_its_own_traders_only(play, place):
    text = bad(f"return Order.buy('BTCUSDT', 0.1, trader={place})", "Strategy")
    model = play([line("bad", "bad", "Bad", count=3)], bad=text)
    with pytest.raises(StrategyError, match=f"trader {place} is not allowed; 0 to 2 are"):
        model.advance(5)


def test_a_member_cannot_cancel_for_another_member_of_its_population(play):
    text = HEAD + (
        "class Bad(Strategy):\n    def decide(self, view):\n        if view.step == 0:\n"
        "            return Order.buy('BTCUSDT', 0.1, 100_000, trader=0)\n"
        "        return Order.cancel(view.trader(0)['BTCUSDT'].open_orders[0].order_id, trader=1)\n"
    )
    model = play([line("bad", "bad", "Bad", count=2)], bad=text)
    with pytest.raises(StrategyError, match="belongs to someone else, of population bad"):
        model.advance(2)


def test_orders_arrive_when_they_say_within_the_step(play):
    text = HEAD + (
        "class Timed(Strategy):\n    def decide(self, view):\n        if view.step == 1:\n"
        "            for trader, at in enumerate((0.9, 0.0, 0.5)):\n"
        "                yield Order.buy('BTCUSDT', 0.1, 100_000 + trader, trader=trader, at=at)\n"
    )
    model = play([line("timed", "timed", "Timed", count=3)], timed=text)
    model.advance(2)
    rows = model.take_events()
    first = model.population("timed").first_trader
    resting = rows[(rows["kind"] == 10) & (rows["actor"] >= first) & (rows["actor"] < first + 3)]
    assert (resting["actor"] - first).tolist() == [1, 2, 0]


def test_numpy_numbers_are_numbers(play):
    text = (
        HEAD
        + "import numpy as np\n\n\nclass Np(Trader):\n    def decide(self, view):\n        if view.step == 0:\n"
        + (
            "            yield Order.buy('BTCUSDT', np.int64(1), price=np.float64(100_000), at=np.float64(0.5))\n"
            "        elif view.step == 1:\n"
            "            yield Order.cancel(np.int64(view['BTCUSDT'].open_orders[0].order_id))\n"
        )
    )
    model = play([line("np", "np", "Np", capital=1.0e6)], np=text)
    model.advance(1)
    assert [order.size for order in model.traders[0].view()["BTCUSDT"].open_orders] == [1.0]
    model.advance(1)
    assert not model.traders[0].view()["BTCUSDT"].open_orders


def test_a_population_of_python_traders_may_be_large(play):
    text = (
        HEAD
        + "class All(Strategy):\n    def decide(self, view):\n"
        + (
            "        for trader in range(len(view)):\n"
            "            yield Order.buy('BTCUSDT', 0.001, trader=trader, at=0.5)\n"
        )
    )
    model = play([line("all", "all", "All", count=5000, capital=1000)], all=text)
    model.advance(2)
    assert np.count_nonzero(model.traders[0].view().lots("BTCUSDT")) == 5000
