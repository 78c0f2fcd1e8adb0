"""The ten phases of a step, in order. The step, the documentation and `firesale phases` are compared with this list."""

from typing import Final

PHASES: Final = (
    (1, "move_index_prices", "scenario path or process, and news"),
    (2, "update_mark_prices", "price source: last, mid, book_mark or index, with window and clamp"),
    (3, "settle_funding", "on its clock"),
    (4, "show_market_view", "every strategy sees the same picture, one step old at most"),
    (5, "collect_orders", "populations decide; user agents' inbox; arrivals get a random time within the step"),
    (6, "match_and_settle", "price-time priority; fills move balances and sizes at once"),
    (7, "margin_calls", "scopes switch; top-ups; calls for money, where a venue has them"),
    (8, "liquidate", "in rounds: mark, assess, unwind, match, absorb, until quiet or the bound is reached"),
    (9, "record", "columns a step, an event for each thing that happened"),
    (10, "audit", "money and sizes still add up"),
)
