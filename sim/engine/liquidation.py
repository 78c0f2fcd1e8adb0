"""Phase 8: breached accounts are found, queued, re-validated and unwound, in rounds until quiet or bound."""

from sim.liquidation_policies.resting import withdraw_orders
from sim.liquidation_policies.selection import next_position
from sim.liquidation_policies.sell_off import close_position
from sim.liquidation_policies.take_over import passes_to_fund
from sim.liquidation_policies.unlocking import unlock_pairs
from sim.price_sources.mark import set_mark
from sim.rules.bankruptcy import budget_lots
from sim.rules.calls import may_act
from sim.rules.causes import inducing_event
from sim.rules.events import emit
from sim.rules.exchange import cancel_orders_of
from sim.rules.forced import holds_nothing, keep_leftover
from sim.rules.margin import account_margin, account_span, account_trader
from sim.rules.safe_radius import watched_accounts
from sim.rules.sorting import ROW_BITS, ROW_MASK, sort_keys
from sim.rules.stops import trigger_stops
from sim.streams import draw
from sim.terms import kernel, phase
from sim.terms.vocabulary import (
    CALL_MISSED,
    CALL_SOLD,
    CANCEL_ACCOUNT,
    CANCEL_INSTRUMENT,
    DRAW_QUEUE,
    EVENT_LIQUIDATION,
    NONE,
    QUEUE_SHUFFLED,
    QUEUE_WORST_RATIO,
    SELECTION_PRO_RATA,
)
from sim.waterfall_layers.insurance_fund import pay_shortfall
from sim.waterfall_layers.inventory import work_off_inventory

EVENT_HEADROOM = 4096  # rows that a round may still need; fewer left: the rest waits for the next step
RATIO_SCALE = 1 << 20


@phase
def liquidate(world, t):
    """8: mark -> assess -> unwind -> match -> absorb, until quiet; then the fund works its inventory off."""
    clock = world.clock
    rounds = 1
    for v in range(world.venues.shape[0]):
        rounds = max(rounds, world.venues[v]["rounds_max"])
    for k in range(world.instruments.shape[0]):
        world.instruments[k]["sold_atoms"] = 0
    drop_recovered_cases(world)
    for round in range(rounds):
        clock[0]["round"] = round
        if round > 0:
            for k in range(world.instruments.shape[0]):
                set_mark(world, k, t)
        found = assess(world, t)
        if found > 0:
            order_queue(world, t, found)
        progress = 0
        for i in range(found):
            if clock[0]["event_row"] + EVENT_HEADROOM > world.events.shape[0]:
                break
            progress += unwind(world, t, world.queue[0, i], round)
        progress += trigger_stops(world)  # also when nobody is in breach: the mark has moved since the last round
        if progress == 0:
            break
    for v in range(world.venues.shape[0]):
        work_off_inventory(world, v)


@kernel
def assess(world, t):
    """Breached accounts into the queue; a case is opened for each new one. How many."""
    found = watched_accounts(world)
    kept = 0
    for i in range(found):
        account = world.queue[0, i]
        if world.clock[0]["calls"] != 0 and not may_act(world, account):
            continue
        if world.account_case[account] < 0 and not (is_checked(world, t, account) and open_case(world, t, account)):
            continue
        world.queue[0, kept] = account
        kept += 1
    return kept


@kernel
def is_checked(world, t, account):
    """True at the steps in which the account's venue looks for new breaches."""
    v = world.populations[world.traders[account_trader(world, account)]["population"]]["venue"]
    return t % world.venues[v]["check_every"] == 0


@kernel
def open_case(world, t, account):
    """Note since when an account is in breach and what induced it; False when the table is full."""
    n = world.clock[0]["n_cases"]
    if n >= world.cases.shape[0]:
        return False
    case = world.cases[n]
    case["account"] = account
    case["step"] = t
    case["cause"] = inducing_event(world, t, account)
    if world.clock[0]["calls"] != 0 and world.account_call[account] >= 0:
        call = world.calls[world.account_call[account]]
        if call["state"] & CALL_MISSED:
            case["cause"] = call["event"]
        call["state"] |= CALL_SOLD
    case["event"] = NONE
    case["sold_step"] = NONE
    case["liquidator"] = NONE
    for row in range(n * world.clock[0]["n_instruments"], (n + 1) * world.clock[0]["n_instruments"]):
        world.sales[row]["ready_step"] = t
        world.sales[row]["orders"] = 0
        world.sales[row]["lots"] = 0
        world.sales[row]["order_id"] = NONE
        world.sales[row]["rested_step"] = NONE
        world.sales[row]["auctions"] = 0
    world.account_case[account] = n
    world.clock[0]["n_cases"] = n + 1
    return True


@kernel
def close_case(world, account):
    """The account is safe or gone: the last case takes the free row."""
    row = world.account_case[account]
    withdraw_orders(world, row)
    last = world.clock[0]["n_cases"] - 1
    world.cases[row] = world.cases[last]
    for k in range(world.clock[0]["n_instruments"]):
        world.sales[row * world.clock[0]["n_instruments"] + k] = world.sales[last * world.clock[0]["n_instruments"] + k]
    world.account_case[world.cases[row]["account"]] = row
    world.account_case[account] = NONE
    world.clock[0]["n_cases"] = last


@kernel
def drop_recovered_cases(world):
    """Accounts that became safe since the last step leave the queue; a later breach is a new case."""
    row = world.clock[0]["n_cases"] - 1
    while row >= 0:
        account = world.cases[row]["account"]
        if not breached(world, account):
            close_case(world, account)
        row -= 1


@kernel
def breached(world, account):
    """The exact rule on one account: whether the venue may sell it off."""
    return may_act(world, account)


@kernel
def order_queue(world, t, found):
    """Put the queue into its canonical order: worst margin ratio first, by account, or shuffled; ties by account."""
    keys = world.queue[1]
    for i in range(found):
        account = world.queue[0, i]
        trader = account_trader(world, account)
        v = world.populations[world.traders[trader]["population"]]["venue"]
        rule = world.venues[v]["queue_order"]
        keys[i] = 0
        if rule == QUEUE_SHUFFLED:
            # Addressed by place in the population and kind of account: row numbers move when others join or leave.
            p = world.traders[trader]["population"]
            event = (account // world.clock[0]["n_traders"] << 24) + trader - world.populations[p]["first_trader"]
            words = draw(world, p, t, event, DRAW_QUEUE)
            keys[i] = words[0]
        elif rule == QUEUE_WORST_RATIO:
            equity, maintenance = account_margin(world, account)
            ratio = float(equity) / float(max(maintenance, 1))
            keys[i] = int(max(min(ratio, 1.0), -1000.0) * RATIO_SCALE)
        keys[i] = (keys[i] << ROW_BITS) | i
    sort_keys(keys, found)
    accounts = world.queue[0, :found].copy()
    for i in range(found):
        world.queue[0, i] = accounts[keys[i] & ROW_MASK]


@kernel
def unwind(world, t, account, round):
    """One attempt at one account: re-validate, cancel orders, close positions, largest first. Lots closed."""
    clock = world.clock
    case = world.account_case[account]
    trader = account_trader(world, account)
    v = world.populations[world.traders[trader]["population"]]["venue"]
    if case < 0 or t - world.cases[case]["step"] < world.venues[v]["latency_steps"]:
        return 0
    if not breached(world, account):
        close_case(world, account)
        return 0
    row, stride, count = account_span(world, account)
    for i in range(count if world.venues[v]["cancel_scope"] == CANCEL_ACCOUNT else 0):
        cancel_orders_of(world, (row + i * stride) // clock[0]["n_traders"], trader)
    if world.cases[case]["event"] >= 0 and must_wait(world, v, account, row, stride, count, t):
        return 0
    event = begin_liquidation(world, case, trader, row // clock[0]["n_traders"])
    progress = unlock_pairs(world, v, row, stride, count, event)
    if progress > 0 and not breached(world, account):
        close_case(world, account)
        return progress
    tried = int(0)
    for _ in range(count):
        k = next_position(world, v, trader, row, stride, count, tried)
        if k < 0:
            break
        tried |= 1 << k
        if world.venues[v]["cancel_scope"] == CANCEL_INSTRUMENT:
            cancel_orders_of(world, k, trader)
        progress += close_position(world, v, case, k, trader, tried, t, event)
        if world.venues[v]["selection"] < SELECTION_PRO_RATA and not breached(world, account):
            break
    settle_empty_account(world, v, account, trader, event)
    if not breached(world, account):
        close_case(world, account)
    return progress


@kernel
def must_wait(world, v, account, row, stride, count, t):
    """True when a further attempt in this step can do nothing: no budget or no book, and no loss to hand on."""
    holds = False
    for i in range(count):
        size = world.position_size[row + i * stride]
        if size == 0:
            continue
        holds = True
        k = (row + i * stride) // world.clock[0]["n_traders"]
        blocked = world.instruments[k]["sell_blocked"] if size > 0 else world.instruments[k]["buy_blocked"]
        if blocked != t + 1 and budget_lots(world, v, k) > 0:
            return False
    if not holds or world.venues[v]["impact_on"] == 0:
        return holds
    equity, maintenance = account_margin(world, account)
    return equity > 0 and not passes_to_fund(world, v, equity, maintenance)


@kernel
def begin_liquidation(world, case, trader, k):
    """Write the liquidation event of a case once; its id."""
    event = world.cases[case]["event"]
    if event < 0:
        cause = world.cases[case]["cause"]
        event = emit(world, EVENT_LIQUIDATION, k, trader, NONE, 0, 0, 0, cause, NONE, NONE)
        world.cases[case]["event"] = event
    return event


@kernel
def settle_empty_account(world, v, account, trader, event):
    """No position left: money missing is a default; what is over goes where the venue's rules say."""
    if not holds_nothing(world, account):
        return
    if world.quote_balance[account] < 0:
        pay_shortfall(world, v, account, trader, event)
    keep_leftover(world, v, account, trader, world.venues[v]["first_instrument"], event)
