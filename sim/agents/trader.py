"""A strategy with one row, and how it takes its seat beside the populations of a scenario."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from sim.agents.orders import Order, did_you_mean
from sim.agents.strategy import Seat, Strategy
from sim.agents.view import MarketView
from sim.scenario import Scenario
from sim.scenario.build import UserTrader
from sim.scenario.check_populations import highest_leverage
from sim.scenario.opening import LARGEST_BALANCE
from sim.scenario.schedules import atom_of

if TYPE_CHECKING:
    from sim.model import MarketModel

NAME = re.compile(r"[a-z0-9_]{1,64}")


class Trader(Strategy):
    """The one-row case of a Strategy: subclass it, write `decide`, name it in a scenario or hand it to MarketModel.

    `MarketModel(traders=[YourTrader.with_capital(...)])`, or a population of `kind: python`, which makes one object
    for each of its rows. The same margin rules, fees and liquidation apply to it as to everybody else.
    """

    @classmethod
    def with_capital(
        cls, capital: float, *, leverage: float = 1.0, venue: str | None = None, name: str | None = None, **dials: Any
    ) -> "TraderOffer":
        """A trader that starts with `capital` quote units and needs 1 / leverage as initial margin.

        venue: where it trades (default: the scenario's first); name: default from the class; further keywords become
        attributes of the trader. Raises TypeError for a class without a decide of its own.
        """
        if not decides(cls):
            raise TypeError(f"{cls.__name__} needs a method decide(self, view) that returns or yields orders")
        return TraderOffer(cls, capital, leverage, venue, name, dials)

    def decide(self, view: MarketView) -> Iterable[Order] | Order | None:  # type: ignore[override]
        """Orders for the step that is about to be played, returned or yielded; None for no order."""
        return None

    def view(self) -> MarketView:  # type: ignore[override]
        """What it would see if it had to decide now."""
        return self.model.view_of(self)

    @property
    def equity(self) -> float:
        """Wallet, collateral and unrealised results at mark prices, quote units."""
        return self.view().equity

    @property
    def positions(self) -> dict[str, float]:
        """Signed base units by instrument."""
        view = self.view()
        return {name: view[name].position for name in view}


def decides(kind: type[Strategy]) -> bool:
    """True for a class that has a decide of its own."""
    return callable(kind.decide) and kind.decide not in (Strategy.decide, Trader.decide)


def seated(kind: type[Strategy], model: "MarketModel", seat: Seat, dials: dict[str, Any]) -> Strategy:
    """The strategy itself, with its dials as attributes, started."""
    strategy = kind(model, seat)
    for name, value in dials.items():
        setattr(strategy, name, value)
    strategy.start()
    return strategy


@dataclass(frozen=True)
class TraderOffer:
    """A trader that has not got its row yet."""

    kind: type[Trader]
    capital: float
    leverage: float = 1.0
    venue: str | None = None
    name: str | None = None
    dials: dict[str, Any] = field(default_factory=dict)


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
        ("leverage", offer.leverage, 1.0, highest_leverage(scenario, account.venue) or 1.0),
    ):
        if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"trader {account.name}: {word} {value!r} is not allowed; {low:g} to {high:g} is")
