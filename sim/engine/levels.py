"""The liquidation map: at which price of one instrument, all else as it is, would each account be liquidated?"""

import numpy as np

from sim.rules.worth import units
from sim.tables import World
from sim.terms.vocabulary import (
    FORM_AT_ENTRY,
    FORM_DATED,
    FORM_EXTENDED,
    FORM_FEE_AT_BANKRUPTCY,
    FORM_JUMPS,
    FORM_LARGER_LEG,
    FORM_LEGS,
)

FINE = 1e9
FARTHEST = 1e4  # times the mark: shorts that stand beyond are left out
NEAREST = 1e9  # no price of an inverse contract is nearer to zero than the mark over this
HALVINGS = 100


def _lines(world: World, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(floor, rate, deduction) of the instrument's tiers: atoms, fraction, atoms."""
    instrument = world.instruments[k]
    rows = world.tiers[int(instrument["first_tier"]) : int(instrument["first_tier"] + instrument["n_tiers"])]
    scale = float(world.clock[0]["rate_scale"])
    return rows["floor"].astype(float), rows["rate"] / scale, rows["deduction"] / scale


def _dated_lines(world: World, k: int, dated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rate, deduction) of the tiers (columns) of positions (rows) that keep the first rate of their entry."""
    instrument, scale = world.instruments[k], int(world.clock[0]["rate_scale"])
    rows = world.tiers[int(instrument["first_tier"]) : int(instrument["first_tier"] + instrument["n_tiers"])]
    first = int(rows[0]["base_rate"]) * (int(FINE) // scale)
    own = np.minimum(-(-rows["base_rate"] * dated[:, None] // first), scale) / scale
    rises = np.diff(own, axis=1, prepend=0.0) * rows["floor"] * (rows["base_deduction"] != 0)
    return own, np.cumsum(rises, axis=1)


class _Positions:
    """Positions of one instrument and what their accounts hold besides; atoms and lots as floats."""

    def __init__(
        self, world: World, k: int, lots: np.ndarray, entry: np.ndarray, rest: np.ndarray, dated: np.ndarray
    ) -> None:
        self.instrument, self.lots, self.entry, self.rest = world.instruments[k], lots, entry, rest
        self.form = int(self.instrument["margin_form"])
        self.floors, self.rates, self.deductions = _lines(world, k)
        if self.form & FORM_DATED:
            self.rates, self.deductions = _dated_lines(world, k, dated)
        self.premium = self._premium()
        self.fixed = bool(world.clock[0]["arithmetic"])
        self.unit = np.abs(lots) * float(self.instrument["tick_value"])
        self.inverse = bool(self.instrument["inverse"])

    def _premium(self) -> np.ndarray:
        """Rate that the size of each position adds."""
        row, size = self.instrument, np.abs(self.lots)
        added = float(row["slope"]) / FINE / max(float(row["slope_lots"]), 1.0) * size
        root = np.ceil(np.sqrt(float(row["root"]) / max(float(row["root_lots"]), 1.0) * size))
        return np.asarray(added + np.maximum(root - float(row["root_relief"]), 0.0) / FINE)

    def value(self, price: np.ndarray) -> np.ndarray:
        """Notional at a price in ticks."""
        return np.asarray(self.unit / price if self.inverse else self.unit * price)

    def worth(self, price: np.ndarray) -> np.ndarray:
        """What is added to equity at a price in ticks."""
        return np.asarray(np.sign(self.lots) * self.value(price) * (-1.0 if self.inverse else 1.0))

    def needed(self, price: np.ndarray, tier: int | None = None) -> np.ndarray:
        """Requirement at a price in ticks: by the tier of each notional, or as in one tier."""
        value = self.value(np.full(self.lots.shape, float(self.instrument["reference_price"])) if self.fixed else price)
        base = np.abs(self.entry) if self.form & FORM_AT_ENTRY and not self.fixed else value
        row = np.clip(np.searchsorted(self.floors, base, side="right") - 1, 0, None) if tier is None else tier
        place = (np.arange(len(base)), row) if self.form & FORM_DATED else row
        total = self.rates[place] * base - self.deductions[place]
        if not self.form & FORM_EXTENDED:
            return np.asarray(total)
        total = np.minimum(total + self.premium * base, base)
        total = np.maximum(total, float(self.instrument["minimum_margin"]))
        fee = float(self.instrument["closing_fee"]) / FINE
        if self.form & FORM_FEE_AT_BANKRUPTCY and not self.fixed:
            sign = np.sign(self.lots)
            way = -sign if self.inverse else sign
            total = total + np.maximum(-way * self.rest, 0.0) * fee / (1.0 - way * fee)
        else:
            total = total + fee * value
        profit = self.worth(price) - self.entry
        return np.asarray(total + np.maximum(profit, 0.0) * float(self.instrument["withheld"]) / FINE)

    def buffer(self, price: np.ndarray, tier: int | None = None) -> np.ndarray:
        """Equity less requirement at a price in ticks."""
        return np.asarray(self.rest + self.worth(price) - self.needed(price, tier))

    def boundary(self) -> np.ndarray:
        """Nearest price in the losing direction at which the account is in breach, tier by tier; NaN: none.

        Of an account that is in breach already: the nearest in the other direction at which it complies again.
        """
        mark = float(self.instrument["mark_price"])
        lost = self.buffer(np.full(self.lots.shape, mark)) < 0.0
        down = (self.lots > 0) != lost
        end = np.where(down, mark / NEAREST if self.inverse else 0.0, FARTHEST * mark)
        found = np.full(self.lots.shape, np.nan)
        jumps = self.form & FORM_JUMPS and not self.form & FORM_AT_ENTRY and not self.fixed
        edges = self.floors[1:] / np.maximum(self.unit[:, None], 1.0) if jumps else np.zeros((len(self.lots), 0))
        tiers = range(edges.shape[1] + 1)
        if self.inverse:  # the notional falls as the price rises
            tiers, edges = tiers[::-1], 1.0 / edges[:, ::-1]
        low = np.concatenate([np.zeros((len(self.lots), 1)), edges], axis=1)
        high = np.concatenate([edges, np.full((len(self.lots), 1), np.inf)], axis=1)
        for downward in (False, True):
            for row in sorted(range(low.shape[1]), reverse=downward):
                near, far = (high[:, row], low[:, row]) if downward else (low[:, row], high[:, row])
                near, far = (np.clip(x, np.minimum(mark, end), np.maximum(mark, end)) for x in (near, far))
                inside = (down == downward) & np.isnan(found) & (near != far)
                found = np.where(inside, self._within(near, far, tiers[row] if jumps else None, lost), found)
        return found

    def _within(self, near: np.ndarray, far: np.ndarray, tier: int | None, lost: np.ndarray) -> np.ndarray:
        """The nearest price of one stretch at which the buffer changes its sign, or NaN."""
        at_once = (self.buffer(near, tier) < 0.0) != lost
        later = (self.buffer(far, tier) < 0.0) != lost
        before, after = near, far
        for _ in range(HALVINGS):
            middle = (before + after) / 2.0
            changed = (self.buffer(middle, tier) < 0.0) != lost
            before, after = np.where(changed, before, middle), np.where(changed, middle, after)
        return np.where(at_once, near, np.where(later, after, np.nan))


def liquidation_levels(
    world: World, k: int, traders: np.ndarray, tick_size: float, atom: float
) -> tuple[np.ndarray, np.ndarray]:
    """(price, signed notional) in quote units of each open position of `traders` in instrument k.

    Closed form for marginal tiers: equity without this position, plus its value, equals the requirement; other forms
    by bisection within each tier, with the closing fees of other positions as they are. Positions that no positive
    price liquidates are left out. Float, for pictures.
    """
    n_traders, n_instruments = int(world.clock[0]["n_traders"]), int(world.clock[0]["n_instruments"])
    isolated = world.traders["isolated"][traders] != 0
    sizes = world.position_size.reshape(n_instruments, n_traders)[:, traders].astype(float)
    entries = world.entry_value.reshape(n_instruments, n_traders)[:, traders].astype(float)
    balances = world.quote_balance.reshape(-1, n_traders).astype(float)
    own = balances[1 + k if len(balances) > 1 else 0, traders]
    dated = world.positions["margin_rate"].reshape(n_instruments, n_traders)[:, traders]
    other = world.quote_balance[traders].astype(float)
    worth = [sizes[j] * float(units(row, row["mark_price"])) for j, row in enumerate(world.instruments)]
    for j in range(n_instruments):
        if j != k:
            rest = world.quote_balance[traders] + sum(worth) - worth[j]
            net, pairs = _needed(world, j, traders, sizes[j], entries[j], rest, dated[j])
            other = other + worth[j] - np.where(sizes[j] != 0, net, 0.0) - pairs
    rest = np.where(isolated, own, other)
    rest = rest - _needed(world, k, traders, sizes[k], entries[k], rest, dated[k])[1]
    held = sizes[k] != 0
    positions = _Positions(world, k, sizes[k][held], entries[k][held], rest[held], dated[k][held])
    plain = not positions.form & (FORM_JUMPS | FORM_EXTENDED) and not positions.inverse
    price = (_closed_form(positions) if plain else positions.boundary()) * tick_size
    kept = np.isfinite(price) & (price > 0)
    notional = sizes[k][held] * abs(float(units(world.instruments[k], world.instruments[k]["mark_price"]))) * atom
    return price[kept], notional[kept]


def _needed(
    world: World,
    k: int,
    traders: np.ndarray,
    lots: np.ndarray,
    entry: np.ndarray,
    rest: np.ndarray,
    dated: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(requirement of net positions at the mark, what second legs need beyond that, taken as fixed)."""
    price = np.full(len(traders), float(world.instruments[k]["mark_price"]))
    form = int(world.instruments[k]["margin_form"])
    net = _Positions(world, k, lots, entry, rest, dated).needed(price)
    if not form & FORM_LEGS:
        return net, np.zeros(len(traders))
    pairs = world.legs[k * int(world.clock[0]["n_traders"]) + traders]
    legs = []
    for side, column in ((1, "long_value"), (-1, "short_value")):
        own = side * np.maximum(side * lots, 0.0) + side * pairs["locked"]
        cost = pairs[column] + np.where(side * lots > 0, entry, 0.0)
        legs.append(_Positions(world, k, own, cost, rest, dated).needed(price))
    both = np.maximum(*legs) if form & FORM_LARGER_LEG else legs[0] + legs[1]
    return net, np.where(pairs["locked"] > 0, both - np.where(lots != 0, net, 0.0), 0.0)


def _closed_form(positions: _Positions) -> np.ndarray:
    """Prices in ticks where equity meets the requirement of marginal tiers: the worst of the tiers' lines rules."""
    size, tick_value = positions.lots, float(positions.instrument["tick_value"])
    rate, deduction = positions.rates[:, None], positions.deductions[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = -(positions.rest + deduction) / ((size - np.abs(size) * rate) * tick_value)
    return np.where(size > 0, np.nanmax(roots, axis=0), np.nanmin(roots, axis=0))
