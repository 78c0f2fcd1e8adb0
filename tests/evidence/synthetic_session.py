"""A session that is not simulated: rows of the right shape with a crash, a cascade and a fund that pays."""

from types import SimpleNamespace

import numpy as np

from sim.tables.layout import CLOCK, EVENTS, FUNDS, INSTRUMENTS, PROFIT_STEPS, PROFITS, STEPS
from sim.terms import vocabulary as words

TICK = (1.0, 0.1)
LOT = (0.001, 0.001)
ATOM = 0.0001
START = (117_000, 41_000)
HOLDERS = ("outside world", "binance treasury", "binance fund", "speculators")
START_EQUITY = 10**11
PARTS = ("price", "spread", "funding", "fees", "liquidation")


def _path(rng: np.random.Generator, start: int, n: int, news: int) -> tuple[np.ndarray, np.ndarray]:
    """Index and last price in ticks: 5 % news over 300 steps, an overshoot that comes back."""
    time = np.arange(n)
    drop = -0.05 * np.clip((time - news) / 300, 0, 1)
    index = start * np.exp(np.cumsum(rng.normal(0, 0.7e-4, n)) + drop)
    over = -0.055 * np.exp(-(((time - news - 300) / 120.0) ** 2))
    return np.rint(index).astype(np.int64), np.rint(index * np.exp(over)).astype(np.int64)


def make_steps(n: int = 2400, news: int = 600, seed: int = 1) -> np.ndarray:
    """STEPS rows of two instruments."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(n * 2, dtype=STEPS)
    for k in range(2):
        part = rows[k::2]
        index, last = _path(rng, START[k], n, news)
        time = np.arange(n)
        stress = np.exp(-(((time - news - 300) / 150.0) ** 2))
        part["step"], part["instrument"] = time, k
        part["index_price"], part["last_price"], part["mark_price"] = index, last, (index + 2 * last) // 3
        half = 1 + rng.poisson(8 * stress)
        part["best_bid"], part["best_ask"] = last - half, last + half - 1 + (half == 0)
        depth = (1.6e6 * (1 - 0.95 * stress)).astype(np.int64)
        part["bid_depth"] = np.where(time % 5 == 0, depth, words.NONE)
        part["ask_depth"] = np.where(time % 5 == 0, depth * 2, words.NONE)
        part["open_interest"] = (3e7 * (1 - 0.3 * np.clip((time - news) / 400, 0, 1))).astype(np.int64)
        part["traded_value"] = (4e5 / ATOM * (1 + 20 * stress)).astype(np.int64)
        sold = np.where(stress > 0.05, rng.pareto(1.2, n) * 3e5 * stress, 0.0)
        part["liquidated_long"] = (np.minimum(sold, 3e6) / ATOM).astype(np.int64)
        part["liquidated_short"] = np.where((time > news + 330) & (time < news + 500), part["liquidated_long"] // 9, 0)
        part["adl_value"] = np.where((time > news + 290) & (time < news + 330), int(5e5 / ATOM), 0)
        loss = (9e6 * np.clip((time - news - 100) / 250, 0, 1) / ATOM).astype(np.int64)
        part["gross_drain"], part["net_drain"], part["fund_need"] = loss, loss - loss // 8, loss
        part["fund_cash"] = int(12e6 / ATOM) - loss // 2
        part["fund_equity"] = int(12e6 / ATOM) - loss + loss // 8
    return rows


def make_events(steps: np.ndarray, accounts: int = 400, news: int = 600, seed: int = 1) -> np.ndarray:
    """EVENTS rows: roots from the news, sales that cause further liquidations, two fund payments, ADL."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, ...]] = []
    sales: list[int] = []
    for account in range(accounts):
        step = news + 60 + int(300 * account / accounts)
        cause = int(rng.choice(sales[-20:])) if sales and rng.random() < 0.45 else words.NONE
        price = int(steps["last_price"][2 * step])
        rows.append((step, 0, words.EVENT_LIQUIDATION, 0, account, -1, price, -50, 0, cause, -1, -1))
        rows.append((step, 0, words.EVENT_LIQUIDATION_SALE, 0, account, 900, price, -50, 0, len(rows) - 1, -1, -1))
        sales.append(len(rows) - 1)
    for step, kind in ((news + 120, words.EVENT_FUND_PAYMENT), (news + 300, words.EVENT_AUTO_DELEVERAGING)):
        for extra in range(2):
            rows.append((step, 1, kind, 0, 3 + extra, 950, 110_000, 5, 10_000, 0, 2, 4))
    return np.array(rows, dtype=EVENTS)


def make_funds() -> np.ndarray:
    """One venue's FUNDS row."""
    funds = np.zeros(1, dtype=FUNDS)
    funds["start"], funds["need_max"] = int(12e6 / ATOM), int(9e6 / ATOM)
    funds["fees"], funds["surplus"] = int(3e6 / ATOM), int(0.4e6 / ATOM)
    funds["shortfalls_paid"], funds["inventory_losses"] = int(7e6 / ATOM), int(2e6 / ATOM)
    funds["adl_loss"], funds["exhausted_step"], funds["first_payment_step"] = int(1.1e6 / ATOM), words.NONE, 720
    funds["adl_first_step"] = 900
    return funds


def make_profit_steps(n: int = 2400, every: int = 60, seed: int = 1) -> np.ndarray:
    """PROFIT_STEPS rows of four holders whose parts cancel; the last holder gets a deposit from the first half-way."""
    rng = np.random.default_rng(seed)
    times = [step for step in range(n) if (step + 1) % every == 0 or step + 1 == n]
    table = np.zeros((len(times), len(HOLDERS)), PROFIT_STEPS)
    table["step"], table["holder"] = np.array(times)[:, None], np.arange(len(HOLDERS))
    for part in PARTS:
        table[part][:, 1:] = np.cumsum(rng.integers(-(10**9), 10**9, (len(times), 3)), axis=0)
        table[part][:, 0] = -table[part][:, 1:].sum(axis=1)
    table["deposits"][len(times) // 2 :, 3] = 10**10
    table["deposits"][:, 0] = -table["deposits"][:, 3]
    table["equity"] = START_EQUITY + sum(table[part] for part in (*PARTS, "deposits"))
    return table.reshape(-1)


def make_profits(samples: np.ndarray) -> np.ndarray:
    """PROFITS rows of two instruments that agree with the last sample: all of it in the first instrument."""
    table = np.zeros((len(HOLDERS), 2), PROFITS)
    table["start"][:, 0] = START_EQUITY
    for part in (*PARTS, "deposits"):
        table[part][:, 0] = samples[part][-len(HOLDERS) :] if len(samples) else 0
    table["closings"][3], table["won_closings"][3], table["rejected"][3] = (7, 3), (2, 2), (1, 4)
    return table.reshape(-1)


def make_names() -> SimpleNamespace:
    """Names and units."""
    return SimpleNamespace(
        instruments=("BTCUSDT", "ETHUSDT"),
        populations=("makers", "speculators"),
        venues=("binance",),
        holders=HOLDERS,
        tick_size=TICK,
        lot_size=LOT,
        atom=ATOM,
        population_of_trader=np.r_[np.ones(900, np.int64), np.zeros(60, np.int64), np.full(4, -1)],
        tick_value_atoms=(10, 1),
    )


class SyntheticSession:
    """The interface of sim.engine.session.Session over rows made beforehand."""

    def __init__(self, seed: int = 1, horizon: int = 2400, fail_at: int | None = None) -> None:
        self.tick, self.horizon, self.names, self.fail_at = 0, horizon, make_names(), fail_at
        self._steps = make_steps(horizon, seed=seed)
        self._events = make_events(make_steps(2400, seed=seed), seed=seed)
        self._shown_steps = self._shown_events = self._shown_samples = 0
        self._samples = make_profit_steps(horizon, seed=seed)
        self.opening = SimpleNamespace(
            open_interest_value=3.5e9, posted_margin=7e8, fund_start=12e6, open_interest_lots=(30_000_000, 30_000_000)
        )
        instruments = np.zeros(2, dtype=INSTRUMENTS)
        clock = np.zeros(1, dtype=CLOCK)
        clock["next_event"] = len(self._events)
        profits = make_profits(self._samples)
        self.world = SimpleNamespace(funds=make_funds(), instruments=instruments, clock=clock, profits=profits)

    def advance(self, n: int) -> None:
        self.tick += n
        if self.fail_at is not None and self.tick >= self.fail_at:
            from sim.engine.errors import InvariantError

            raise InvariantError(words.ERROR_MONEY, self.tick, 1, "0" * 64)

    def last_events(self) -> np.ndarray:
        return self._events[-1000:]

    def take_steps(self) -> np.ndarray:
        first, self._shown_steps = self._shown_steps, self.tick * 2
        return self._steps[first : self._shown_steps]

    def take_events(self) -> np.ndarray:
        upto = int(np.count_nonzero(self._events["step"] < self.tick))
        first, self._shown_events = self._shown_events, upto
        return self._events[first:upto]

    def take_profit_steps(self) -> np.ndarray:
        upto = int(np.count_nonzero(self._samples["step"] < self.tick))
        first, self._shown_samples = self._shown_samples, upto
        return self._samples[first:upto]

    def digest(self) -> str:
        return f"{self.tick:08x}"

    def liquidation_levels(self) -> list[tuple[np.ndarray, np.ndarray]]:
        rng = np.random.default_rng(5)
        answer = []
        for k in range(2):
            start = START[k] * TICK[k]
            price = start * (1 - rng.lognormal(np.log(0.09), 0.6, 6000))
            size = np.minimum(rng.lognormal(9, 2.2, 6000), 3e7)
            last = self._steps["last_price"][: max(2, 2 * self.tick)][k::2].min() * TICK[k]
            alive = price < last
            answer.append((price[alive], size[alive]))
        return answer
