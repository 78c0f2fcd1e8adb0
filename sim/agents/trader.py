"""The base of traders that a user writes in plain Python."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import mesa

from sim.agents.orders import Order, did_you_mean
from sim.agents.readings import Profit, profit_of
from sim.agents.view import MarketView
from sim.scenario import Scenario
from sim.scenario.build import LARGEST_BALANCE, UserTrader
from sim.scenario.schedules import atom_of

if TYPE_CHECKING:
    from sim.model import MarketModel

LEVERAGE_MAX = 1_000.0
NAME = re.compile(r"[a-z0-9_]{1,64}")


class Trader(mesa.Agent):  # type: ignore[misc]
    """Subclass it and write `decide`; hand `YourTrader.with_capital(...)` to MarketModel(traders=[...]).

    It has one row in the tables: the same margin rules, fees and liquidation as for everybody else. State of its
    own lives in attributes; for randomness use `self.rng` or `self.random`, which follow the model's seed.
    """

    model: "MarketModel"

    def __init__(self, model: "MarketModel", account: UserTrader, row: int) -> None:
        super().__init__(model)
        self.account, self.row = account, row

    @classmethod
    def with_capital(
        cls, capital: float, *, leverage: float = 1.0, venue: str | None = None, name: str | None = None, **dials: Any
    ) -> "TraderOffer":
        """A trader that starts with `capital` quote units and needs 1 / leverage as initial margin.

        venue: where it trades (default: the scenario's first); name: default from the class; further keywords become
        attributes of the trader. Raises TypeError for a class without a decide of its own.
        """
        if cls.decide is Trader.decide:
            raise TypeError(f"{cls.__name__} needs a method decide(self, view) that returns or yields orders")
        return TraderOffer(cls, capital, leverage, venue, name, dials)

    @property
    def name(self) -> str:
        """Its name in results."""
        return self.account.name

    def decide(self, view: MarketView) -> Iterable[Order] | Order | None:
        """Orders for the step that is about to be played, returned or yielded; None for no order."""
        return None

    def view(self) -> MarketView:
        """What it would see if it had to decide now."""
        return self.model.view_of(self)

    @property
    def equity(self) -> float:
        """Wallet, collateral and unrealised results at mark prices, quote units."""
        return self.view().equity

    @property
    def profit(self) -> Profit:
        """What it has won since the start, by part: price, spread, funding, fees, liquidation."""
        return profit_of(self.model.session, int(self.model.session.world.traders[self.row]["population"]))

    @property
    def positions(self) -> dict[str, float]:
        """Signed base units by instrument."""
        view = self.view()
        return {name: view[name].position for name in view}

    def __repr__(self) -> str:
        return f"<{self.name}: {type(self).__name__} on {self.account.venue}>"


@dataclass(frozen=True)
class TraderOffer:
    """A trader that has not got its row yet."""

    kind: type[Trader]
    capital: float
    leverage: float = 1.0
    venue: str | None = None
    name: str | None = None
    dials: dict[str, Any] = field(default_factory=dict)

    def join(self, model: "MarketModel", account: UserTrader, row: int) -> Trader:
        """The trader itself, with its dials as attributes."""
        trader = self.kind(model, account, row)
        for name, value in self.dials.items():
            setattr(trader, name, value)
        return trader


def accounts_of(scenario: Scenario, offers: Sequence[TraderOffer]) -> tuple[UserTrader, ...]:
    """What each trader brings, checked. Raises ValueError with trader, value and what is allowed."""
    taken = {"institutions", *(record.name for record in scenario.populations)}
    found = []
    for offer in offers:
        if not isinstance(offer, TraderOffer):
            raise ValueError(f"traders: {offer!r} is not allowed; give YourTrader.with_capital(...)")
        offer = replace(offer, venue=offer.venue or next(iter(scenario.venues)), name=_free_name(offer, taken))
        account = UserTrader(cast(str, offer.name), cast(str, offer.venue), float(offer.capital), float(offer.leverage))
        _check(scenario, offer, account)
        taken.add(account.name)
        found.append(account)
    return tuple(found)


def _free_name(offer: TraderOffer, taken: set[str]) -> str:
    if offer.name is not None:
        if not isinstance(offer.name, str) or not NAME.fullmatch(offer.name) or offer.name in taken:
            raise ValueError(f"traders: name {offer.name!r} is taken or not made of a-z, 0-9 and _")
        return offer.name
    base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", offer.kind.__name__).lower()
    names = (base if number == 1 else f"{base}_{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _check(scenario: Scenario, offer: TraderOffer, account: UserTrader) -> None:
    largest = LARGEST_BALANCE * float(atom_of(scenario))
    if account.venue not in scenario.venues:
        near = did_you_mean(account.venue, list(scenario.venues))
        raise ValueError(f"trader {account.name}: no venue {account.venue!r}{near}")
    for word, value, low, high in (
        ("capital", offer.capital, 0.0, largest),
        ("leverage", offer.leverage, 1.0, LEVERAGE_MAX),
    ):
        if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"trader {account.name}: {word} {value!r} is not allowed; {low:g} to {high:g} is")
