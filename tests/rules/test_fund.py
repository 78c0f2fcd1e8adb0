"""The fund's cash never falls below zero, whatever it is asked to take or to pay."""

import pytest
from small_worlds import empty_session

from sim.rules.funding import pay_funding
from sim.terms import entry
from sim.waterfall_layers.insurance_fund import fund_state, take_over

CASH = 50_000


class Fund:
    """A fund with cash and inventory (size, entry price) in two instruments, held against owner 0."""

    def __init__(self, *inventory):
        self.world = empty_session(2, 1.0e6).world
        n_traders = int(self.world.clock[0]["n_traders"])
        self.row, self.owner = int(self.world.venues[0]["fund"]), n_traders - 2
        self.world.quote_balance[self.row] = CASH
        for k, (size, price) in enumerate(inventory):
            cost = size * price * int(self.world.instruments[k]["tick_value"])
            for trader, sign in ((self.row, 1), (self.owner, -1)):
                self.world.position_size[k * n_traders + trader] = sign * size
                self.world.entry_value[k * n_traders + trader] = sign * cost
                self.world.quote_balance[trader] -= sign * cost

    @property
    def cash(self):
        return int(fund_state(self.world, 0)[0])


@entry
def fund_takes(world, k, trader, lots, share):
    return take_over(world, int(0), k, trader, lots, share, int(-1))


@entry
def funding_falls_due(world, k, rate_ppb):
    pay_funding(world, k, rate_ppb)


def test_closing_inventory_at_a_loss_beyond_the_cash_is_refused_although_equity_is_there():
    # A loss of 100,000 atoms here and a gain of as much there: equity is the cash, and the cash is less than the loss.
    fund = Fund((500, 1_100), (1_000, 900))
    assert [int(x) for x in fund_state(fund.world, 0)[:2]] == [CASH, CASH]
    fund.world.venues[0]["stressed_rate"] = 0
    assert fund_takes(fund.world, 0, fund.owner, 500, 0) == 0
    assert fund.cash == CASH


def test_closing_inventory_that_its_cash_can_bear_is_taken():
    fund = Fund((500, 1_040), (1_000, 960))
    fund.world.venues[0]["stressed_rate"] = 0
    assert fund_takes(fund.world, 0, fund.owner, 500, 0) == 500
    assert fund.cash == CASH - 500 * 40 * 2


@pytest.mark.parametrize("rate_ppb, paid", [(10_000_000, 10_000), (100_000_000, CASH)])
def test_funding_on_inventory_takes_no_more_than_the_cash_and_the_venue_bears_the_rest(rate_ppb, paid):
    fund = Fund((500, 1_000))
    total, owner = int(fund.world.quote_balance.sum()), int(fund.world.quote_balance[fund.owner])
    funding_falls_due(fund.world, 0, rate_ppb)
    due = 500 * 1_000 * 2 * rate_ppb // 10**9
    assert fund.cash == CASH - paid
    assert int(fund.world.quote_balance[fund.owner]) == owner + due, "the other side is paid in full"
    treasury = int(fund.world.venues[0]["treasury"])
    assert int(fund.world.quote_balance[treasury]) == paid - due
    assert int(fund.world.quote_balance.sum()) == total
