"""Run all benchmarks, or those that are named: `python -m benchmarks consolidation`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run the modules of this folder that have a `run`."""
    here = Path(__file__).parent
    found = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(found))
    names = parser.parse_args().names
    unknown = [name for name in names if name not in found]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}: there are {', '.join(found)}")
    for name in names or found:
        import_module(f"benchmarks.{name}").run()


if __name__ == "__main__":
    main()
