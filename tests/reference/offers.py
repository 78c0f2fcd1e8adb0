"""Owner 0 in breach before five liquidators: what tests of hand-overs have in common."""

from breach import TICK_VALUE, Breach

FUND = [{"kind": "insurance_fund", "size": 1.0e6, "throttle_per_step": 1e-9}]  # that keeps what it takes
NOBODY = {"kind": "noise_trader", "name": "noise", "venue": "venue", "count": 1, "orders_per_s": 0.0}
LIQUIDATORS = {
    "kind": "liquidator", "venue": "venue", "count": 5, "capital": 1_002.0, "leverage": 2.0,
    "required_profit_bp": 10.0, "required_profit_sigma": 0.0,
}  # fmt: skip
EQUITY = 4_000  # atoms of 1,000 lots: two ticks of 2 atoms a lot; 20 bp of the mark
AUCTION = {"start": 1.05, "floor": 0.95, "duration_steps": 10}


def stage(policy=None, people=None, waterfall=FUND, scope="cross", side=1, equity=EQUITY, lots=1_000):
    """Owner 0 in breach, five liquidators with margin for 200 lots each at the start."""
    chosen = {"execution": "transfer", "target": "full", "patience_steps": 3, **(policy or {})}
    world = Breach(chosen, waterfall, scope, settings={"populations": [NOBODY, {**LIQUIDATORS, **(people or {})}]})
    world.hold(0, side * lots, equity=equity)
    return world


def rows(world):
    """Rows of the liquidators."""
    population = world.world.populations[2]
    return range(int(population["first_trader"]), int(population["first_trader"] + population["n_traders"]))


def held(world):
    return [int(world.world.position_size[row]) for row in rows(world)]


def won(world, before):
    """What the liquidators have won at the mark since then."""
    return sum(worth(world)) - sum(before)


def worth(world):
    unit = int(world.world.instruments[0]["mark_price"]) * TICK_VALUE[0]
    return [int(world.world.quote_balance[row]) + int(world.world.position_size[row]) * unit for row in rows(world)]
