"""Events to measure with: a few hosts send most of them, as in life."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

DAYS = 60
START = 1_700_000_000
STATUSES = ("critical", "warning", "ok", "acknowledged")
SHARES = (0.35, 0.20, 0.40, 0.05)
TEXTS = ("app_key", "host", "check", "status", "cluster")


def events(rows: int, seed: int = 0, hosts: int = 0) -> pa.Table:
    """Generate events in time order: Arrow-backed text and seconds as floats."""
    rng = np.random.default_rng(seed)
    hosts = hosts or max(rows // 200, 1)
    share = np.cumsum(np.arange(1, hosts + 1) ** -1.3)
    host = np.searchsorted(share / share[-1], rng.random(rows))
    clusters = max(hosts // 12, 1)
    cluster = [None if n % 3 == 0 else f"cluster-{n % clusters:06d}" for n in range(hosts)]
    seconds = np.sort(rng.random(rows)) * DAYS * 86_400
    columns = {
        "app_key": ([f"app-{n:02d}" for n in range(20)], host % 20),
        "host": ([f"host-{n:06d}" for n in range(hosts)], host),
        "check": ([f"check-{n:02d}" for n in range(40)], rng.integers(0, 40, rows)),
        "status": (STATUSES, rng.choice(4, rows, p=SHARES)),
        "cluster": (cluster, host),
    }
    texts = {name: pa.array(labels).take(pa.array(at)) for name, (labels, at) in columns.items()}
    return pa.table({"timestamp": np.round(START + seconds, 6), **texts})


def part(rows: int, number: int, parts: int, hosts: int) -> pa.Table:
    """Generate the events of one of the equal parts into which the days are cut."""
    table = events(rows, seed=number, hosts=hosts)
    return _put(table, table["timestamp"].to_numpy() - START, number, parts)


def denser_part(rows: int, number: int, parts: int, hosts: int, dense: int) -> pa.Table:
    """Generate a part in which each event of a sparser part comes `dense` times.

    The identities are those of the sparser parts, at about the same times.
    """
    rng = np.random.default_rng([number, dense])
    sparse = events(rows, seed=number // dense, hosts=hosts)
    stretch = rows // dense
    row = rng.permutation(np.repeat(np.arange(stretch), dense)) + number % dense * stretch
    status = pa.array(STATUSES).take(pa.array(rng.choice(4, rows, p=SHARES)))
    table = sparse.take(pa.array(row))
    table = table.set_column(table.column_names.index("status"), "status", status)
    return _put(table, np.sort(rng.random(rows)) * DAYS * 86_400, number, parts)


def _put(table: pa.Table, seconds: np.ndarray, number: int, parts: int) -> pa.Table:
    at = START + (seconds + number * DAYS * 86_400) / parts
    return table.set_column(0, "timestamp", pa.array(np.round(at, 6)))


def one_host(rows: int, *, checks: bool) -> pd.DataFrame:
    """Generate a host that flaps every two seconds, with one check or with ever new ones."""
    row = np.arange(rows)
    status = np.where(row % 2, "ok", "critical")
    return pd.DataFrame(
        {"timestamp": row, "status": status, "host": "h", "check": row // 2 if checks else 0}
    )
