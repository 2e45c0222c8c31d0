"""Files of events to download, as JSON or CSV."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

__all__ = ["FORMATS", "write_file"]

Row = dict[str, Any]

FORMATS = ("csv", "json")


def write_file(rows: list[Row], file_format: str, fields: list[str], *, packed: bool) -> bytes:
    """Return the bytes of a download; the columns of the CSV form are a guess."""
    text = _as_json(rows) if file_format == "json" else _as_csv(rows, fields)
    return gzip.compress(text.encode(), mtime=0) if packed else text.encode()


def _as_json(rows: list[Row]) -> str:
    kept = [{"envelope": row["envelope"], "hash": row["hash"]} for row in rows]
    return json.dumps({"count": len(kept), "events": kept}, indent=2, ensure_ascii=False)


def _as_csv(rows: list[Row], fields: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["received_at", *fields, "hash"])
    for row in rows:
        event = row["envelope"]["event"]
        cells = [event.get(name, "") for name in fields]
        writer.writerow([row["envelope"]["received_at"], *cells, row["hash"]])
    return text.getvalue()
