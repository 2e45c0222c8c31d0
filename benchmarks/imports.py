"""What `import pandakit` costs over `import pandas`, in paired fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15


def _seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def run() -> None:
    """Print the median ratio over pairs, the interpreter's own start taken off both."""
    codes = {"nothing": "", "pandas": "import pandas", "pandakit": "import pandas, pandakit"}
    everything = codes["pandakit"] + "; [getattr(pandakit, name) for name in pandakit.__all__]"
    codes["every public name"] = everything
    for code in codes.values():
        _seconds(code)  # byte code and disk are warm afterwards
    rounds = [{name: _seconds(code) for name, code in codes.items()} for _ in range(RUNS)]
    for name in ("pandakit", "every public name"):
        ratio = statistics.median(
            (each[name] - each["nothing"]) / (each["pandas"] - each["nothing"]) for each in rounds
        )
        print(f"import: {name} over pandas: {ratio:.2f} (median of {RUNS} pairs)")


if __name__ == "__main__":
    run()
