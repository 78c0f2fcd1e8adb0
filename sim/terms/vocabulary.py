"""One number for each word of the field that a kernel must compare. Values are written into results: never renumber."""

from typing import Final

# Sides of orders and signs of positions.
BUY: Final = 1
SELL: Final = -1

# Order kinds, and the flag bits that may be added to them.
LIMIT: Final = 0
MARKET: Final = 1
IMMEDIATE_OR_CANCEL: Final = 2
FILL_OR_KILL: Final = 3
POST_ONLY: Final = 4
CANCEL: Final = 5
STOP_MARKET: Final = 6
STOP_LIMIT: Final = 7
CANCEL_ALL: Final = 8
ORDER_KINDS: Final = (
    "limit",
    "market",
    "immediate_or_cancel",
    "fill_or_kill",
    "post_only",
    "cancel",
    "stop_market",
    "stop_limit",
    "cancel_all",
)

FLAG_REDUCE_ONLY: Final = 1
FLAG_TRIGGER_LAST: Final = 2  # a stop follows the last price instead of the mark
FLAG_FORCED: Final = 4  # sent by the venue: no margin check, no trader fee
FLAG_SLIDE: Final = 8  # a post-only order that would cross is priced one tick behind the touch instead
FLAG_PEGGED: Final = 16  # in the inbox: the price counts ticks from the opposite best at the moment of arrival
FLAG_OPEN_LEG: Final = 32  # in hedge mode: opens the leg of its side, whatever the other leg is
FLAG_CLOSE_LEG: Final = 64  # in hedge mode: closes the leg opposite to its side

# Events, in the order of `EVENT_KINDS`.
EVENT_LIQUIDATION: Final = 0
EVENT_LIQUIDATION_SALE: Final = 1
EVENT_TAKE_OVER: Final = 2
EVENT_AUTO_DELEVERAGING: Final = 3
EVENT_FUND_PAYMENT: Final = 4
EVENT_LIQUIDATION_FEE: Final = 5
EVENT_FUND_SALE: Final = 6
EVENT_DEFAULT: Final = 7
EVENT_FUNDING: Final = 8
EVENT_TOP_UP: Final = 9
EVENT_ORDER_RESTED: Final = 10
EVENT_ORDER_REMOVED: Final = 11
EVENT_FILL: Final = 12
EVENT_TRADING_FEE: Final = 13
EVENT_TRANSFER: Final = 14
EVENT_OUTSIDE_TRADE: Final = 15
EVENT_STOP_PLACED: Final = 16
EVENT_STOP_REMOVED: Final = 17
EVENT_ORDER_REJECTED: Final = 18
EVENT_MARGIN_WARNING: Final = 19
EVENT_MARGIN_CALL: Final = 20
EVENT_CALL_PAYMENT: Final = 21
EVENT_CALL_MET: Final = 22
EVENT_CALL_MISSED: Final = 23
EVENT_RESTRICTION: Final = 24
EVENT_LEGS_LOCKED: Final = 25
EVENT_LEGS_UNLOCKED: Final = 26
EVENT_SCOPE_SWITCH: Final = 27
EVENT_SCOPE_REFUSED: Final = 28
EVENT_KINDS: Final = (
    "liquidation",
    "liquidation_sale",
    "take_over",
    "auto_deleveraging",
    "fund_payment",
    "liquidation_fee",
    "fund_sale",
    "default",
    "funding",
    "top_up",
    "order_rested",
    "order_removed",
    "fill",
    "trading_fee",
    "transfer",
    "outside_trade",
    "stop_placed",
    "stop_removed",
    "order_rejected",
    "margin_warning",
    "margin_call",
    "call_payment",
    "call_met",
    "call_missed",
    "restriction",
    "legs_locked",
    "legs_unlocked",
    "scope_switch",
    "scope_refused",
)

# Bits of calls.state: at which levels an account is.
CALL_WARNED: Final = 1
CALL_OPEN: Final = 2
CALL_MISSED: Final = 4
CALL_RESTRICTED: Final = 8
CALL_SOLD: Final = 16  # sold off before the deadline of the open call

# Why an order was refused (column `amount_atoms` of an order_rejected event).
REJECT_SIZE: Final = 1
REJECT_PRICE: Final = 2
REJECT_MARGIN: Final = 3
REJECT_POST_ONLY: Final = 4
REJECT_FILL_OR_KILL: Final = 5
REJECT_REDUCE_ONLY: Final = 6
REJECT_BOOK_FULL: Final = 7
REJECT_BAND: Final = 8

# Mark price kinds.
MARK_LAST: Final = 0
MARK_MID: Final = 1
MARK_BOOK: Final = 2
MARK_INDEX: Final = 3
MARK_KINDS: Final = ("last", "mid", "book_mark", "index")

# What a margin rate follows (dynamics.measure), and of which price.
MEASURE_FIXED: Final = 0
MEASURE_MOVING_AVERAGE: Final = 1
MEASURE_VALUE_AT_RISK: Final = 2
MEASURE_EXPECTED_SHORTFALL: Final = 3
MEASURES: Final = ("fixed", "moving_average", "value_at_risk", "expected_shortfall")
SOURCE_INDEX: Final = 0
SOURCE_MARK: Final = 1

# Strategies (populations.kind).
INSTITUTION: Final = 0
MARKET_MAKER: Final = 1
NOISE_TRADER: Final = 2
ARBITRAGEUR: Final = 3
TREND_FOLLOWER: Final = 4
LEVERAGED_SPECULATOR: Final = 5
BASIS_TRADER: Final = 6
USER_TRADER: Final = 7
ZERO_INTELLIGENCE: Final = 8
AVELLANEDA_STOIKOV: Final = 9
STATIC_BOOK: Final = 10
FUNDAMENTALIST: Final = 11
CHARTIST: Final = 12
MOMENTUM_TRADER: Final = 13
MEAN_REVERSION_TRADER: Final = 14
HAWKES_TRADER: Final = 15
FUNDING_TRADER: Final = 16
LIQUIDATION_BUYER: Final = 17
LIQUIDATOR: Final = 18

# Position sizing of a population (populations.sizing).
SIZING_FIXED: Final = 0
SIZING_FRACTIONAL: Final = 1
SIZING_CAPPED_KELLY: Final = 2
SIZING_VOLATILITY_TARGET: Final = 3

# Liquidation dials.
EXECUTION_IOC_AT_BANKRUPTCY: Final = 0
EXECUTION_MARKET: Final = 1
EXECUTION_IOC_FILLABLE: Final = 2
EXECUTION_IOC_BELOW_MARK: Final = 3
EXECUTION_RESTING_AT_BANKRUPTCY: Final = 4  # this and what follows wait for somebody to come
EXECUTION_TRANSFER: Final = 5
EXECUTION_DUTCH_AUCTION: Final = 6
TRANSFER_TO_LIQUIDATORS: Final = 0
TRANSFER_TO_FUND: Final = 1
TRANSFER_AT_BANKRUPTCY: Final = 0
TRANSFER_AT_DISCOUNT: Final = 1
TAKE_OVER_TO_FUND: Final = 0
TAKE_OVER_TO_LIQUIDATORS: Final = 1
INVENTORY_WORK: Final = 0
INVENTORY_HOLD: Final = 1
INVENTORY_HEDGE: Final = 2
TARGET_RESTORE: Final = 0
TARGET_FULL: Final = 1
TARGET_NEXT_TIER: Final = 2
TARGET_CLOSE_FACTOR: Final = 3
ADL_AFTER_FUND: Final = 1
ADL_BEFORE_FUND: Final = 2
RANKING_PROFIT_LEVERAGE: Final = 0
RANKING_MARK_ENTRY_LEVERAGE: Final = 1
RANKING_RANDOM_START: Final = 2
PRICE_BANKRUPTCY: Final = 0
PRICE_PREVIOUS_MARK: Final = 1
LEFTOVER_TO_TRADER: Final = 0
LEFTOVER_TO_FUND: Final = 1
LEFTOVER_TO_LIQUIDATOR: Final = 2
CANCEL_ACCOUNT: Final = 0
CANCEL_INSTRUMENT: Final = 1
CANCEL_NONE: Final = 2
SELECTION_LARGEST_REQUIREMENT: Final = 0
SELECTION_LARGEST_LOSS: Final = 1
SELECTION_RANDOM: Final = 2
SELECTION_PRO_RATA: Final = 3
SELECTION_ALL: Final = 4
QUEUE_WORST_RATIO: Final = 0
QUEUE_ACCOUNT: Final = 1
QUEUE_SHUFFLED: Final = 2

# Purposes of a random draw (streams.draw); part of the address.
DRAW_QUOTE: Final = 1
DRAW_ARRIVAL: Final = 2
DRAW_ORDER: Final = 3
DRAW_QUEUE: Final = 4
DRAW_SIZE: Final = 5
DRAW_SEEDING: Final = 6
DRAW_ANSWER: Final = 7
DRAW_REACTION: Final = 8
DRAW_STOP: Final = 9
DRAW_COUNT: Final = 10
DRAW_SIGN: Final = 11
DRAW_OPINION: Final = 12
DRAW_EXIT: Final = 20
DRAW_FRESH: Final = 21
DRAW_FLOW: Final = 15
DRAW_CANCELLATION: Final = 16
DRAW_REACH: Final = 17
DRAW_DELEVERAGING: Final = 22
DRAW_SELECTION: Final = 23
DRAW_LIQUIDATOR: Final = 24
DRAW_CALL: Final = 25
DRAW_SWITCH: Final = 26
DRAW_RACE: Final = 27
DRAW_POSTING: Final = 30  # arrival of the orders of traders written in Python

# Bits of instruments.margin_form: what its requirements have beyond marginal tiers of the notional at the mark.
FORM_JUMPS: Final = 1  # whole-position tiers
FORM_EXTENDED: Final = 2  # any of premium, minimum, closing fee, entry notional, credit for profit below one
FORM_INITIAL_MARGINAL: Final = 4
FORM_AT_ENTRY: Final = 8
FORM_FEE_AT_BANKRUPTCY: Final = 16
FORM_LEGS: Final = 32  # hedge mode: two legs of an instrument need the sum of their margins
FORM_DATED: Final = 64  # each position keeps the maintenance rate at which it was entered
FORM_LARGER_LEG: Final = 128  # with FORM_LEGS: two legs need the larger of their margins

# Error codes that a kernel leaves in clock.error; Python raises.
ERROR_NONE: Final = 0
ERROR_MONEY: Final = 1
ERROR_SIZE: Final = 2
ERROR_OVERFLOW: Final = 3
ERROR_FUND_CASH: Final = 4
ERROR_BOOK: Final = 5
ERROR_EVENTS_FULL: Final = 6
ERROR_INBOX_FULL: Final = 7
ERROR_PROFIT: Final = 8
ERROR_NAMES: Final = (
    "none",
    "money is not conserved",
    "sizes of an instrument do not sum to zero",
    "a balance or size left the proven 64-bit range",
    "the insurance fund's cash fell below zero",
    "the order book contradicts itself",
    "the event buffer is full",
    "the inbox is full",
    "the parts of a profit do not add up to the change in equity",
)

NONE: Final = -1
MILLI: Final = 1000  # prices that are averaged are kept in thousandths of a tick
