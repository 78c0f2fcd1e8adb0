"""The step of the model, and the loop over it: the page to read first."""

from sim.engine.audit import audit
from sim.engine.liquidation import liquidate
from sim.engine.margin_calls import margin_calls
from sim.engine.prices import move_index_prices, settle_funding, show_market_view, update_mark_prices
from sim.engine.recording import record
from sim.engine.trading import collect_orders, match_and_settle
from sim.terms import entry, phase


@phase
def step(world, t):
    """One step of the world."""
    world.clock[0]["step"] = t
    world.clock[0]["round"] = 0
    move_index_prices(world, t)  # 1
    update_mark_prices(world, t)  # 2
    settle_funding(world, t)  # 3
    show_market_view(world, t)  # 4
    collect_orders(world, t)  # 5
    match_and_settle(world)  # 6
    margin_calls(world, t)  # 7
    liquidate(world, t)  # 8
    record(world, t)  # 9
    audit(world, t)  # 10


@entry
def advance(world, n_steps, event_headroom):
    """Play up to `n_steps` steps; how many were played.

    Ends early when the buffers could not hold another step (the caller takes them and goes on) or on an error.
    """
    first = world.clock[0]["step"] + 1
    for done in range(n_steps):
        if world.clock[0]["event_row"] + event_headroom > world.events.shape[0]:
            return done
        if world.clock[0]["step_row"] + world.instruments.shape[0] > world.steps.shape[0]:
            return done
        if world.clock[0]["profit_step_row"] + world.profits.shape[0] > world.profit_steps.shape[0]:
            return done
        step(world, first + done)
        if world.clock[0]["error"] != 0:
            return done + 1
    return n_steps
