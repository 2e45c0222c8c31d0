"""Write what the pure functions return for the samples: `results.py SAMPLES FOLDER`.

`make lite-test` runs this natively and under Pyodide, and compares the files byte for byte.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd

import pandakit as pk
from pandakit.bpql import Bpql

if TYPE_CHECKING:
    from collections.abc import Iterator

Named = tuple[str, Any]

# Builds of FreeType hint differently, and a text's width moves what stands beside it.
mpl.rcParams["text.hinting"] = "none"

_WINDOWS = ("15min", "1h", "4h")
_QUERIES = (
    'host = *eu-north* AND check IN ["restarts", "latency"]',
    'status != "ok" OR cluster = /^web/',
)


def main(samples: Path, folder: Path) -> None:
    """Write one file for each result."""
    folder.mkdir(parents=True, exist_ok=True)
    events = pd.read_csv(samples / "events.csv")
    results = [*consolidated(events), *compared(events), *queried(events), *enriched(samples)]
    for name, content in results:
        data = content if isinstance(content, bytes) else _text(content).encode()
        (folder / name).write_bytes(data)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    # Lists of every cell and type, where a CSV would round or leave out.
    if isinstance(content, pd.DataFrame):
        cells = {"index": list(content.index), "types": list(content.dtypes)}
        return "\n".join(map(repr, [cells, *content.itertuples(index=False, name=None)]))
    page: str = content._repr_html_()
    return page


def _svg(figure: Any) -> bytes:
    image = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "pandakit"}):
        figure.savefig(image, format="svg", metadata={"Date": None})
    return image.getvalue()


def consolidated(events: pd.DataFrame) -> Iterator[Named]:
    """Yield frames, pages, explanations and pictures of two policies, and what differs."""
    classic, current = (pk.consolidate(events, policy) for policy in (pk.CLASSIC, pk.CURRENT))
    for name, result in {"classic": classic, "current": current}.items():
        yield f"{name}.html", result
        for part in ("events", "alerts", "incidents", "funnel"):
            yield f"{name}-{part}.txt", getattr(result, part)
        explanations = [result.explain(alert) for alert in (0, 100, 300)]
        yield f"{name}-explained.txt", "\n".join(one.text for one in explanations)
        yield f"{name}-explained.html", explanations[-1]
        for plot in ("funnel", "timeline", "largest_incidents", "noisiest", "noise_by_hour"):
            yield f"{name}-{plot}.svg", _svg(getattr(pk.plots, plot)(result))
    changes = pk.diff(classic, current)
    yield "diff.html", changes.to_html()
    yield "diff.svg", _svg(pk.plots.diff(changes))


def compared(events: pd.DataFrame) -> Iterator[Named]:
    """Yield what other settings would have done."""
    swept = pk.sweep(events, pk.CURRENT, windows=_WINDOWS, pattern="host", chance=2)
    yield "sweep.txt", swept
    yield "sweep.svg", _svg(pk.plots.sweep(swept))
    sensitivity = pk.sensitivity(events, pk.CURRENT)
    yield "sensitivity.txt", sensitivity
    yield "sensitivity.svg", _svg(pk.plots.sensitivity(sensitivity))
    tags = ["cluster", "host", "check"]
    suggested = pk.suggest_patterns(events, pk.CURRENT, tags=tags, most_tags=1, chance=2)
    yield "suggestions.txt", suggested
    yield "smallest-window.txt", pk.smallest_window(events, pk.CURRENT, [0, 1]).text


def queried(events: pd.DataFrame) -> Iterator[Named]:
    """Yield the rows that queries find, and both of their forms."""
    for number, text in enumerate(_QUERIES):
        query = Bpql(text)
        yield f"query-{number}.txt", events[query.mask(events)]
        yield f"query-{number}.json", f"{query}\n{json.dumps(query.to_object())}"


def enriched(samples: Path) -> Iterator[Named]:
    """Yield the reports of both tables, the repaired one, and what each finds in alerts."""
    schema = json.loads((samples / "enrichment-schema.json").read_text(encoding="utf-8"))
    schema = pk.EnrichmentSchema.from_api(schema)
    good, bad = (samples / f"enrichment-{name}.csv" for name in ("good", "bad"))
    for path in (good, bad):
        report = pk.validate_enrichment(path, schema)
        yield f"{path.stem}.html", report
        yield f"{path.stem}.txt", report.to_frame()
    fixed, changes = report.fix()
    yield "fixed.txt", fixed
    yield "fixes.txt", changes
    table = pd.read_csv(good)
    yield "enrichment-changes.txt", pk.diff_enrichment(table, table.iloc[5:], schema)
    events = pk.read_events(samples / "events.csv", profile="bigpanda", skip_bad=True)
    yield "read.txt", events
    yield "applied.html", pk.apply_enrichment(events, table, schema)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
