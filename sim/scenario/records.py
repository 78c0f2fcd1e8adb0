"""What a scenario file says, as frozen records: one world, its venues, instruments and populations."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from sim.liquidation_policies import LiquidationPolicy
from sim.margin_regimes import MarginRegime
from sim.parts import ASSUMED, InstrumentName, Name, Record, Row, dial
from sim.price_sources import IndexPath, MarkPrice, News
from sim.strategies import LiquidationBuyer, Population, SignalTrader, TrendFollower
from sim.waterfall_layers import WaterfallLayer

# Room that a price ladder must leave beyond the worst news.
OVERSHOOT_SHARE = 0.25
# Orders a step for which each trader of a plain-Python population finds room.
PLUGIN_ORDERS = 2.0
WALLETED = (TrendFollower, LiquidationBuyer, SignalTrader)  # they commit money of their own: thinning leaves their rate


class Recording(Record):
    """What a run writes down."""

    order_events: bool = dial(False, "every order, removal and fill as an event, so that a run can be replayed")
    depth_every_steps: int = dial(5, "steps between samples of depth", unit="steps", ge=1, le=1_000_000)
    audit_every_steps: int = dial(
        1_000, "steps between full recounts of money and sizes", unit="steps", ge=1, le=1_000_000
    )
    liquidation_map_every_steps: int = dial(
        60, "steps between pictures of liquidation prices", unit="steps", ge=1, le=1_000_000
    )
    evaluation_every_steps: int = dial(
        60, "steps between samples of each population's equity and profit", unit="steps", ge=1, le=1_000_000
    )


class Fees(Record):
    """Trading fees of a venue, fractions of notional."""

    maker_rate: float = dial(0.0002, "paid by the resting side", unit="of notional", ge=0, le=0.05)
    taker_rate: float = dial(0.0005, "paid by the side that comes in", unit="of notional", ge=0, le=0.05)


class Contract(Record):
    """Units of a venue's contract."""

    tick_size: float = dial(..., "smallest price step", unit="quote", ge=1e-10, le=1e6)
    lot_size: float = dial(..., "smallest size step", unit="base; quote if inverse", ge=1e-10, le=1e9)
    contract: Literal["linear", "inverse"] = dial(
        "linear", "what profit is paid in: quote money, or the coin, which then is the money of the whole scenario"
    )


class Funding(Record):
    """Payments between longs and shorts on their own clock."""

    interval_steps: int = dial(28_800, "steps between payments", unit="steps", ge=1, le=10_000_000)
    first_step: int = dial(28_800, "step of the first payment", unit="steps", ge=0, le=10_000_000)
    interest_rate: float = dial(0.0001, "interest part an interval", unit="of notional", ge=-0.01, le=0.01)
    premium_clamp: float = dial(0.0005, "clamp of interest minus premium", unit="of notional", ge=0, le=0.05)
    cap: float = dial(0.003, "largest payment an interval, either way", unit="of notional", ge=0, le=0.1)


class Venue(Record):
    """A venue's rule book."""

    rules: Name | None = dial(None, "file of configs/venues that the fields below override")
    title: str = dial("", "what to call it", max_length=200)
    as_of: str = dial("", "date of the rules", max_length=40)
    sources: dict[str, str] = dial({}, "where the numbers come from")
    nearest: dict[str, str] = dial({}, "rules of the venue that do not exist here, and what stands in for them")
    fees: Fees = dial(Fees(), "trading fees")
    contracts: Annotated[dict[InstrumentName, Contract], Field(min_length=1)] = dial(..., "contracts by name")
    margin: MarginRegime = dial(..., "margin rules")
    mark_price: MarkPrice = dial(MarkPrice(), "mark price rule")
    funding: Funding = dial(Funding(), "funding rule")
    liquidation: LiquidationPolicy = dial(LiquidationPolicy(), "what happens to an account in breach")
    waterfall: Row[WaterfallLayer] = dial((), "who pays, in this order", max_length=16)


class Instrument(Record):
    """One perpetual contract that is traded in this world."""

    name: InstrumentName = dial(..., "name in this world")
    venue: Name = dial(..., "venue that lists it")
    contract: InstrumentName | None = dial(None, "the venue's contract; default: the name")
    start_price: float = dial(..., "price at step 0", unit="quote", gt=0, le=1e9)
    tick_size: float | None = dial(
        None, "coarser tick, a whole multiple of the venue's; default: the venue's", unit="quote", ge=1e-10, le=1e6
    )
    lot_size: float | None = dial(
        None, "coarser lot, a whole multiple of the venue's; default: the venue's", unit="base", ge=1e-10, le=1e9
    )
    price_levels: int = dial(131_072, "levels of the price ladder, a power of two", unit="ticks", ge=1_024, le=2**21)
    liquidity_scale: float = dial(1.0, "multiplies the money dials of populations", source=ASSUMED, gt=0, le=1_000)
    index: IndexPath = dial(IndexPath(), "path of the index")
    news: Row[News] = dial((), "moves of the index on top of its path", max_length=64)

    @property
    def contract_name(self) -> str:
        """Return the key of this instrument in its venue's contracts and schedules."""
        return self.contract or self.name


class Switch(Record):
    """Traders change from cross to isolated margin, or back, with their positions open."""

    step: int = dial(..., "step from which on they switch", unit="steps", ge=0, le=1_000_000)
    population: Name = dial(..., "whose traders")
    to: Literal["cross", "isolated"] = dial(..., "scope that they choose")
    share: float = dial(1.0, "share of them who do", gt=0, le=1)


class Scenario(Record):
    """One world. A run is one seed of it."""

    name: Name = dial(..., "name of the scenario and of its results folder")
    title: str = dial("", "one line", max_length=200)
    description: str = dial("", "what it stands for", max_length=10_000)
    sources: dict[str, str] = dial({}, "where the numbers come from")
    seed: int = dial(1, "root of every draw", ge=0, le=2**63 - 1)
    steps: int = dial(7_200, "length of a run", unit="steps", ge=1, le=1_000_000)
    step_seconds: float = dial(1.0, "length of a step", unit="s", gt=0, le=3_600)
    flow_thinning: float = dial(
        1.0, "divides event rates and multiplies sizes; depth and turnover stay", source=ASSUMED, ge=0.01, le=1_000
    )
    prices: Literal["geometric", "arithmetic"] = dial(
        "geometric", "arithmetic: moves are fractions of the start price, notional is valued at the start price"
    )
    mirror: bool = dial(False, "flips the sign of news, positions and drawn sides; needs arithmetic prices")
    index_correlation: float = dial(0.8, "correlation of every pair of indices", source=ASSUMED, ge=-1, le=1)
    record: Recording = dial(Recording(), "what is written down")
    margin_check: Literal["safe_radius", "brute_force"] = dial(
        "safe_radius", "how breached accounts are found; same results"
    )
    venues: Annotated[dict[Name, Venue], Field(min_length=1, max_length=64)] = dial(..., "venues by name")
    instruments: Annotated[Row[Instrument], Field(min_length=1, max_length=64)] = dial(..., "what is traded")
    populations: Annotated[Row[Population], Field(max_length=256)] = dial((), "who trades")
    switches: Row[Switch] = dial((), "changes of margin scope with positions open", max_length=64)

    def contract_of(self, instrument: Instrument) -> Contract:
        """Return the units in force: the venue's, or the coarser ones of this scenario."""
        own = self.venues[instrument.venue].contracts[instrument.contract_name]
        return Contract(
            tick_size=instrument.tick_size or own.tick_size,
            lot_size=instrument.lot_size or own.lot_size,
            contract=own.contract,
        )

    def scope_of(self, population: Any) -> str:
        """Return the margin scope in which a population begins."""
        if getattr(population, "collateral_allocation", "") == "pool":
            return "cross"
        return str(
            self.venues[population.venue].margin.scope
            if population.margin_scope == "venue"
            else population.margin_scope
        )

    def price_range(self, instrument: Instrument) -> tuple[float, float]:
        """Return the prices (quote) that the ladder must hold: start, points, worst news and 25 % beyond."""
        known = [instrument.start_price, *(price for _, price in instrument.index.points or ())]
        flip = -1.0 if self.mirror else 1.0
        level, lowest, highest = 1.0, 1.0, 1.0
        for news in sorted(instrument.news, key=lambda item: item.start_step):
            move = flip * news.size
            level = level + move if self.prices == "arithmetic" else level * (1.0 + move)
            lowest, highest = min(lowest, level), max(highest, level)
        return min(known) * lowest * (1.0 - OVERSHOOT_SHARE), max(known) * highest * (1.0 + OVERSHOOT_SHARE)

    def orders_per_step(self) -> float:
        """Return the orders that the populations send in a step on average, for the size of the buffers."""
        total = 0.0
        for population in self.populations:
            listed = sum(1 for instrument in self.instruments if instrument.venue == population.venue)
            if population.kind == "python":
                rate = population.count * PLUGIN_ORDERS * self.flow_thinning / self.step_seconds / max(listed, 1)
            elif population.kind == "market_maker":
                rate = population.count * 2.0 * population.levels / max(population.quote_life_s, self.step_seconds)
                if population.profile is not None:
                    rate = sum(row.increases_per_s for row in population.profile)
            elif population.kind == "zero_intelligence":  # of the limit orders, each is cancelled at most once
                rate = 4.0 * population.limit_rate() + 2.0 * population.market_rate
            elif population.kind == "avellaneda_stoikov":  # renewed every step, whatever the thinning
                rate = 4.0 * population.count / self.step_seconds * self.flow_thinning
            else:
                names = ("orders_per_s", "trades_per_s", "looks_per_s")
                rate = sum(float(getattr(population, name, 0.0)) for name in names)
                if isinstance(population, WALLETED):
                    rate *= self.flow_thinning
            reactions = getattr(population, "reactions", None)
            if reactions is not None:  # at a look an answer, a stop and a take-profit; nobody is thinned
                looks = float(population.count) / max(reactions.attention_s, self.step_seconds)
                rate += 3.0 * looks * self.flow_thinning
            total += listed * rate * self.step_seconds / self.flow_thinning
        return total

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know: coarsened units and thinned flow."""
        found = []
        for instrument in self.instruments:
            own = self.venues[instrument.venue].contracts[instrument.contract_name]
            for word, unit in (("tick_size", "tick"), ("lot_size", "lot")):
                chosen, original = getattr(instrument, word), getattr(own, word)
                if chosen is not None and chosen != original:
                    found.append(
                        f"instruments.{instrument.name}.{word}: {unit} coarsened from {original:g} to {chosen:g}"
                    )
        if self.flow_thinning != 1.0:
            found.append(f"flow_thinning: event rates divided and sizes multiplied by {self.flow_thinning:g}")
        return (*found, *self.stand_ins())

    def stand_ins(self) -> tuple[str, ...]:
        """Return which rules of a venue do not exist here, and what stands in for them: for every report."""
        return tuple(
            f"{venue.rules or name}, {rule}: {' '.join(text.split())}"
            for name, venue in self.venues.items()
            for rule, text in venue.nearest.items()
        )

    def dump(self) -> dict[str, Any]:
        """Return the scenario as plain values, every default filled in."""
        return self.model_dump(mode="json")

    @cached_property
    def config_hash(self) -> str:
        """Return the SHA-256 (hex) of all dials but the seed, so that all seeds of a scenario share it."""
        content = self.dump()
        content.pop("seed")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
