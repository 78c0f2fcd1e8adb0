"""Small files of every known format, made here: what they hold is known, row by row."""

import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

START_S = 1_760_054_400  # 2025-10-10 00:00:00 UTC
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
TARDIS = "exchange,symbol,timestamp,local_timestamp"
PRICES = [100.0, 101.5, 99.25, 98.0, 98.5, 103.0, 102.0, 101.0]
SCALES = {"ms": 1_000, "us": 1_000_000}


@dataclass(frozen=True)
class Sample:
    """A file: the name that it would have, its lines, whether the first is a header, and the format it should be."""

    name: str
    lines: tuple[str, ...]
    header: bool
    format: str

    @property
    def rows(self) -> list[str]:
        """Its lines without the header."""
        return list(self.lines[self.header :])

    def text(self, rows: list[str] | None = None) -> str:
        """The file, or one with other rows under the same header."""
        body = self.rows if rows is None else rows
        return "\n".join([*self.lines[: self.header], *body]) + "\n"

    def write(self, folder: Path, rows: list[str] | None = None) -> Path:
        """Write it into a folder."""
        path = folder / self.name
        path.write_text(self.text(rows), encoding="utf-8")
        return path


def klines(unit="ms", header=True, volume=2.5, prices=PRICES):
    scale, rows = SCALES[unit], []
    for k, close in enumerate(prices):
        time = (START_S + 60 * k) * scale
        start = prices[max(k - 1, 0)]
        bar = f"{start},{max(start, close) + 0.5},{min(start, close) - 0.5},{close}"
        rows.append(f"{time},{bar},{volume},{time + 60 * scale - 1},{volume * 100},3,1,100,0")
    lines = [KLINE_HEADER, *rows] if header else rows
    return Sample("BTCUSDT-1m-2025-10-10.csv", tuple(lines), header, "archive_klines")


def agg_trades(unit="ms", header=True, times=(0, 400, 400, 1_000, 2_500, 7_000), prices=PRICES):
    """Times are milliseconds from the start."""
    scale, rows = SCALES[unit], []
    for k, (at, price) in enumerate(zip(times, prices, strict=False)):
        time = START_S * scale + at * scale // 1_000
        maker = ("true", "false") if header else ("True", "False")
        best = "" if header else ",True"
        rows.append(f"{500 + k},{price},0.5,{900 + 2 * k},{901 + 2 * k},{time},{maker[k % 2]}{best}")
    lines = [AGG_HEADER, *rows] if header else rows
    return Sample("BTCUSDT-aggTrades-2025-10-10.csv", tuple(lines), header, "archive_agg_trades")


def archive_trades():
    rows = [f"{70 + k},{price},2.0,{2 * price},{START_S * 1000 + 500 * k},false" for k, price in enumerate(PRICES)]
    lines = ("id,price,qty,quote_qty,time,is_buyer_maker", *rows)
    return Sample("BTCUSDT-trades-2025-10-10.csv", lines, True, "archive_trades")


def metrics():
    rows = [
        f"2025-10-10 00:{5 * k:02d}:00,BTCUSDT,{90_000 - 10 * k}.5,{1e10 - k},1.2,1.1,1.3,{'' if k == 2 else 0.9}"
        for k in range(6)
    ]
    return Sample("BTCUSDT-metrics-2025-10-10.csv", (METRICS_HEADER, *rows), True, "archive_metrics")


def book_depth(snapshots=6, stale_from=None, stale_until=None, side=-1, crossed=False):
    """Snapshots of two bands a side; from `stale_from` on the bands of a side keep their depth."""
    rows = []
    for k in range(snapshots):
        for percent in (-2, -1, 1, 2):
            still = percent * side > 0 and stale_from is not None and stale_from <= k < (stale_until or snapshots)
            depth = 100 * abs(percent) + (7 if still else k % 5 + 1)
            average = 100.0 + 0.4 * percent + (-5.0 * side if still and crossed else 0.0)
            time = f"2025-10-10 {k // 120:02d}:{k // 2 % 60:02d}:{30 * (k % 2):02d}"
            rows.append(f"{time},{percent},{depth},{depth * average:.4f}")
    return Sample(
        "BTCUSDT-bookDepth-2025-10-10.csv", ("timestamp,percentage,depth,notional", *rows), True, "archive_book_depth"
    )


def candles_csv():
    rows = [f"{(START_S + 300 * k) * 1000},{p},{p + 1},{p - 1},{p},7" for k, p in enumerate(PRICES)]
    lines = ("open_time_ms,open,high,low,close,volume", *rows)
    return Sample("btcusdt_perp_5m_2025-10-10.csv", lines, True, "candles_csv")


def tiers_csv():
    rows = ["BTC/USDT:USDT,1,USDT,0,50000,0.004,125,0", "BTC/USDT:USDT,2,USDT,50000,600000,0.005,100,50"]
    rows += ["ETH/USDT:USDT,1,USDT,0,10000,0.01,50,0", "ETH/USDT:USDT,2,USDT,10000,90000,0.02,25,100"]
    lines = ("symbol,tier,currency,min_notional,max_notional,maint_margin_rate,max_leverage,maint_amount", *rows)
    return Sample("tiers.csv", lines, True, "tiers_csv")


def tardis_trades():
    rows = []
    for k, price in enumerate(PRICES):
        time = START_S * 1_000_000 + 600_000 * k
        rows.append(
            f"binance-futures,BTCUSDT,{time},{time - 1_200_000 + k},{k + 1},{'sell' if k % 3 else 'buy'},{price},0.2"
        )
    return Sample(
        "binance-futures_trades_2025-10-10.csv", (f"{TARDIS},id,side,price,amount", *rows), True, "tardis_trades"
    )


def tardis_liquidations():
    trades = tardis_trades()
    return Sample("binance-futures_liquidations_2025-10-10.csv", trades.lines, True, "tardis_liquidations")


def tardis_book_snapshot(levels=5):
    names = [f"{side}[{k}].{what}" for k in range(levels) for side in ("asks", "bids") for what in ("price", "amount")]
    rows = []
    for k, mid in enumerate(PRICES):
        time = START_S * 1_000_000 + 500_000 * k
        cells = [f"{mid + 0.5 + n},1.5,{mid - 0.5 - n},2.5" for n in range(levels)]
        rows.append(f"binance-futures,BTCUSDT,{time},{time + 900 + k},{','.join(cells)}")
    return Sample(f"book_snapshot_{levels}.csv", (f"{TARDIS},{','.join(names)}", *rows), True, "tardis_book_snapshot")


def force_orders(header=True):
    words = (
        "symbol,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_filled_qty,"
        "filled_accumulated_qty,trade_time_ms,usd_size"
    )
    rows = [
        f"BTC,{'SELL' if k % 2 else 'BUY'},LIMIT,IOC,1.0,{p},{p + 1},FILLED,0.5,1.0,{START_S * 1000 + 900 * k},{p + 1}"
        for k, p in enumerate(PRICES)
    ]
    return Sample("liqs.csv", (words, *rows) if header else tuple(rows), header, "force_orders")


def time_price():
    rows = [f"{60 * k},{p}" for k, p in enumerate(PRICES)]
    return Sample("prices.csv", ("time,price", *rows), True, "time_price")


CSV_SAMPLES = {
    "klines_ms": klines(),
    "klines_us": klines("us"),
    "klines_bare_ms": klines(header=False),
    "klines_bare_us": klines("us", header=False),
    "klines_mark": klines(volume=0),
    "agg_trades": agg_trades(),
    "agg_trades_spot": agg_trades("us", header=False),
    "trades": archive_trades(),
    "metrics": metrics(),
    "book_depth": book_depth(),
    "candles_csv": candles_csv(),
    "tiers_csv": tiers_csv(),
    "tardis_trades": tardis_trades(),
    "tardis_liquidations": tardis_liquidations(),
    "tardis_book_snapshot_5": tardis_book_snapshot(),
    "tardis_book_snapshot_25": tardis_book_snapshot(25),
    "force_orders": force_orders(),
    "force_orders_bare": force_orders(header=False),
    "time_price": time_price(),
}


def candle_rows(step_s=60, prices=PRICES):
    """Rows of a freqtrade file."""
    return [[(START_S + step_s * k) * 1000, p, p + 1.0, p - 1.0, p, 3.0] for k, p in enumerate(prices)]


def write_candles_json(folder, rows=None):
    path = folder / "BTC_USDT_USDT-1m-futures.json"
    path.write_text(json.dumps(candle_rows() if rows is None else rows))
    return path


def write_candles_feather(folder, rows=None, unit="ms"):
    import pyarrow as pa
    from pyarrow import feather

    columns = list(zip(*(candle_rows() if rows is None else rows), strict=True))
    scale = {"ms": 1, "ns": 1_000_000}[unit]
    arrays = [pa.array([t * scale for t in columns[0]], pa.timestamp(unit, "UTC")), *map(pa.array, columns[1:])]
    path = folder / "BTC_USDT_USDT-1m-futures.feather"
    feather.write_feather(pa.table(arrays, ["date", "open", "high", "low", "close", "volume"]), path)
    return path


def tier_tree():
    """A freqtrade tier file of two symbols."""
    tables = {
        "BTC/USDT:USDT": [
            (0, 50_000, 0.004, 125, "0.0"),
            (50_000, 600_000, 0.005, 100, "50.0"),
            (600_000, None, 0.01, 50, "3050.0"),
        ],
        "ETH/USDT:USDT-251226": [(0, 10_000, 0.01, 50, None), (10_000, 90_000, 0.02, 25, None)],
    }  # fmt: skip
    return {
        symbol: [
            {
                "tier": float(k), "currency": "USDT", "minNotional": floor, "maxNotional": cap,
                "maintenanceMarginRate": rate, "maxLeverage": leverage, "info": {"cum": amount} if amount else {},
            }
            for k, (floor, cap, rate, leverage, amount) in enumerate(rows, start=1)
        ]
        for symbol, rows in tables.items()
    }  # fmt: skip


def write_tiers_json(folder, tree=None):
    path = folder / "binance_leverage_tiers.json"
    path.write_text(json.dumps(tier_tree() if tree is None else tree))
    return path


def zipped(path, members=None):
    """The file inside a .zip beside it."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members or {path.name: path.read_bytes()}).items():
            archive.writestr(name, data)
    return target


def gzipped(path):
    """The file inside a .gz beside it."""
    target = path.with_name(path.name + ".gz")
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed:
        packed.write(path.read_bytes())
    target.write_bytes(buffer.getvalue())
    return target
