"""The columns of every table, with shape and unit. All int64, or float64 where a value may be inexact.

A table touched row by row is one structured array; a column swept over all rows is an array of its own.
"""

import numpy as np


def _layout(integers: str, floats: str = "") -> np.dtype:
    fields = [(name, np.int64) for name in integers.split()] + [(name, np.float64) for name in floats.split()]
    return np.dtype(fields, align=True)


# One row. step: the step being played; run_key_*: two 32-bit words, the root of every draw;
# antithetic_mask: 0, or 2**32 - 1 in the second run of an antithetic pair, flips every drawn bit;
# *_sum: double-entry totals, zero after every posting; next_event: id of the next event.
CLOCK = _layout(
    "step horizon round error error_step run_key_low run_key_high mirror arithmetic n_traders n_instruments n_venues "
    "rate_scale fee_scale record_orders audit_every next_event event_row step_row depth_every margin_check "
    "money_sum net_deposits inbox_rows n_stops free_stop n_fills live_orders free_order order_events fills checks "
    "anchor_work outside_trader sequence n_cases atoms_per_quote evaluation_every profit_step_row "
    "calls n_calls antithetic_mask"
)

# (n_venues,) fees in parts of fee_scale; caps in atoms; rates in parts of rate_scale unless said. Levels of margin
# calls are millionths of the maintenance margin, 0 where there is none; an account leaves a level at its clear.
VENUES = _layout(
    "treasury fund first_instrument n_instruments maker_fee taker_fee liquidation_fee execution target queue_order "
    "rounds_max latency_steps cap_atoms band_rate impact_on auto_top_up "
    "stressed_rate throttle_atoms adl_on fund_on inventory_policy hold_steps hold_gain hedge_cost "
    "tiers_down buffer_rate close_factor throttled sale_share sale_most_atoms sale_least_atoms cooldown_steps "
    "two_phase_atoms first_share first_cooldown_steps window_steps window_most_atoms ramp_start ramp_steps "
    "patience_steps transfer_to transfer_price take_over_to bonus_rate closing_cost "
    "auction_start auction_floor auction_steps auction_every auction_cut auction_resets "
    "fillable_spread fillable_adjustment fillable_slope discount_rate "
    "take_over_rate leftover_to adl_ranking adl_price check_every cancel_scope selection unlock_fee "
    "calls_on warn_level warn_clear call_level call_clear restrict_level restrict_clear liquidate_level "
    "liquidate_clear restore_level watch_level deadline_steps delivery_steps"
)

# (n_venues,) atoms. Cash is the balance with inventory at cost. surplus and inventory_losses: what closing inventory
# won and lost against its bankruptcy price; need_max: smallest start that would have sufficed.
FUNDS = _layout(
    "start fees surplus shortfalls_presented shortfalls_paid inventory_losses need_max first_payment_step "
    "exhausted_step adl_notional adl_count uncovered adl_first_step adl_loss refused take_overs"
)

# (n_instruments,) prices in ticks (best_bid NONE / best_ask >= ladder end when empty); *_milli in 1/1000 tick;
# tick_value: atoms that one lot gains when the price rises one tick, of an inverse contract those of a lot at one tick;
# ladder: first tick of the price ladder.
# margin_form: FORM_* bits, 0 for plain tiers; slope: rate added every slope_lots lots; root: square of the rate that
# root_lots lots add once it is above root_relief; minimums in atoms; slopes, root_relief, closing_fee and withheld
# (share of a profit that does not count) in 1e-9, root in their square; maintenance_rate and initial_rate, the first
# tier's rates in force, in 1e-9.
INSTRUMENTS = _layout(
    "venue inverse tick_value ladder n_levels level_base bid_orders ask_orders anchor_price reference_price "
    "first_tier n_tiers first_initial_tier n_initial_tiers margin_form slope slope_lots initial_slope "
    "initial_slope_lots root root_lots root_relief initial_root initial_root_lots initial_root_relief "
    "minimum_margin initial_minimum closing_fee withheld "
    "best_bid best_ask last_price mark_price index_price index_milli index_offset_milli index_follow_ppm "
    "index_lag_steps mark_kind mark_window mark_sample mark_clamp_ppm basis_sum basis_count basis_row "
    "funding_interval funding_first funding_rate_ppb funding_interest_ppb funding_clamp_ppb funding_cap_ppb "
    "premium_sum premium_count size_sum open_interest traded_lots traded_value liquidated_long liquidated_short "
    "sold_atoms buy_blocked sell_blocked adl_atoms adl_side adl_step adl_rows adl_next last_forced_sell "
    "last_forced_buy last_forced_sell_step last_forced_buy_step liquidated_now_long liquidated_now_short "
    "traded_now adl_now previous_mark buy_stop_last buy_stop_mark sell_stop_last sell_stop_mark booked_mark "
    "window_step window_atoms inventory_step inventory_side maintenance_rate initial_rate"
)

# (rows,) margin of notional N in atoms = (rate * N - deduction) / rate_scale, by the last row with floor <= N.
# base_*: as the schedule states them, for rates that move.
TIERS = _layout("floor rate deduction base_rate base_deduction")

# (2 * n_instruments,) row = 2 * instrument + (0 maintenance, 1 initial); no rows where no venue's margin moves. Rates
# and shares in 1e-9: base as stated, rate as renewed last, reached: share of the way to one by open interest; low, high
# in atoms; last_price in 1/1000 tick. follow: least first initial rate over the first maintenance rate.
DYNAMICS = _layout(
    "measure source update_every return_steps window least_returns quantile first_tier n_tiers marginal base rate "
    "reached returns last_price least_rate step_part low high",
    "multiple decay variance stressed_weight stressed_rate buffer released_above follow",
)

# (n_traders * n_instruments,) row = instrument * n_traders + trader. Open orders in lots and tick-lots;
# first_order: newest of the owner's open orders; first_stop: oldest of its sleeping stops; margin_rate: maintenance
# rate (1e-9) at which it was entered, where positions keep theirs.
POSITIONS = _layout("open_buy_lots open_sell_lots open_buy_value open_sell_value first_order first_stop margin_rate")

# (positions,) where a venue has hedge mode, else empty: lots that are held both long and short (position_size is what
# one leg has beyond them), and what was paid for them on each side, in atoms, negative for the short one.
LEGS = _layout("locked long_value short_value")

# (n_traders,) initial_rate: 1 / chosen leverage in parts of rate_scale, rounded up; outside_wealth: atoms for top-ups;
# entered: step of the last entry on a signal; of speculators the one after that in which they last added.
TRADERS = _layout("population isolated initial_rate reduce_only_orders outside_wealth entered")

# (rows,) by step: from when on which population changes to which scope, what share of it (millionths); next: its row
# that comes next. A step of NONE: never.
SWITCHES = _layout("step population isolated share next")

# (n_instruments * levels,) order rows; quantity in lots. A level is bid or ask by its side of the touch.
LEVELS = _layout("head tail quantity")

# (capacity,) price in ticks, size in lots left; next/prev in the level, owner_next/owner_prev in the owner's list.
ORDERS = _layout("price size side instrument owner flags tag next prev owner_next owner_prev sequence")

# (capacity,) stops; sequence NONE: a free row; limit_price NONE: market when triggered. next/prev: in the list of the
# price (newest first), owner_next: in the position's (oldest first).
STOPS = _layout("trigger_price limit_price size side instrument owner flags sequence next prev owner_next")

# (n_instruments * levels,) first row of the stops that sleep at a price, by side.
STOP_LEVELS = _layout("buy sell")

# (capacity,) orders of this step; time_key decides the order of arrival.
INBOX = _layout("time_key kind side instrument owner price size trigger_price flags tag order_id")

# (capacity,) fills of the order in hand.
FILLS = _layout("maker price size order_id")

# (capacity,) open liquidation cases, dense: since which step, what induced it, under which event (NONE: not begun);
# atoms sold in the last step in which the venue's throttle let something through; the last liquidator.
CASES = _layout("account step cause event sold_step sold_atoms liquidator")

# (accounts,) accounts at a level of margin calls, dense: CALL_* bits, last event of the call (NONE: none yet), step of
# its deadline, atoms asked for, paid so far, and sent from outside, to arrive at a step.
CALLS = _layout("account state event deadline amount paid sent arrives")

# (capacity * n_instruments,) one row a case and instrument: step from which the throttle lets the next order through,
# how many orders it has let through, and how many lots; the venue's resting order, and since when it (or an
# offer, or an auction) is there; mark at the auction's start, and how many auctions went before.
SALES = _layout("ready_step orders lots order_id rested_step auction_mark auctions")

# (n_populations,) dials of the compiled strategies, see the record of each kind for units.
# stream: address of its draws, from its name; recorded: order events are kept while clock.record_orders is below 0.
POPULATIONS = _layout(
    "recorded "
    "kind first_trader n_traders venue stream may_switch exempt first_quote n_quotes n_levels window_steps "
    "attention_steps look_steps panic_steps stop_last worst_first return_delay n_fresh sizing holding_steps lead_steps "
    "at_index symmetric rolling horizon_steps window_ticks first_distance n_distances order_lots hedged",
    "rate_per_step size_median size_sigma size_max slippage band speed cap inventory_limit layoff_share "
    "refresh_share jitter skew volatility_keep volatility_threshold return_share size_floor staying pull "
    "trigger last_trigger take_profit long_share unwind_band leave_volatility leave_inventory "
    "warning_ratio target_ratio answer_top_up answer_reduce answer_hedge answer_close answer_late late_chance "
    "pays_calls panic panic_move herding leverage_band reaction_slippage stop_share stop_low stop_high stop_slippage "
    "reward_to_risk depth reprice reprice_exponent "
    "keep opinion_sigma sensitivity exit stop stake stake_cap branching continuation run_exponent "
    "market_rate cancel_rate reach",
)

# (rows,) a zero-intelligence flow by ticks from the opposite best, 1 first: limit orders at this distance or nearer as
# a share of all of them; cancellation rate of an order at this distance over the largest one.
DISTANCES = _layout("", "share cancellation")

# (n_populations * n_instruments,) what a desk remembers; money in quote units, sizes in lots.
DESKS = _layout(
    "active away_until run run_side",
    "scale centre variance size_factor share previous_mid inventory previous_value fullness crowd average excitation",
)

# (n_holders * n_instruments,) row = holder * n_instruments + instrument; holders: institutions one by one, then the
# populations. Atoms since the start, net_lots as it is now; start: equity at step 0, in the first instrument's row.
# booked_mark of an instrument: the mark up to which `price` is booked.
PROFITS = _layout("net_lots start price spread funding fees liquidation deposits closings won_closings rejected")

# (capacity,) one row a sample and holder, all instruments together, atoms since the start; equity as it is.
PROFIT_STEPS = _layout("step holder equity price spread funding fees liquidation deposits")

# (n_quotes,) resting quotes of makers: where, how much, which order.
QUOTES = _layout("population instrument owner slot away order_id lots", "distance")

# (n_instruments,) the picture of the market that all strategies share; prices in ticks.
VIEW = _layout(
    "best_bid best_ask last_price mark_price index_price step",
    "mid",
)

# (capacity,) id = row number over the whole run. price in ticks.
# One rule reads them all: `size` lots pass from counterparty to actor, `amount` atoms from balance row from_row to
# to_row.
EVENTS = _layout("step round kind instrument actor counterparty price size amount cause from_row to_row")

# (capacity,) one row a step and instrument; prices in ticks, depth in lots (NONE when not sampled), money in atoms,
# the first tier's rates in force in 1e-9.
STEPS = _layout(
    "step instrument index_price mark_price last_price best_bid best_ask bid_depth ask_depth open_interest "
    "traded_value traded_lots liquidated_long liquidated_short adl_value fund_inventory fund_cash "
    "fund_equity fund_need pending net_drain gross_drain order_events rounds "
    "maintenance_rate initial_rate"
)
