"""Build the JupyterLite site in `lite-output`: `make lite` runs this in an environment of its own.

The site is static and complete. Its pages load Python, pandakit and the samples from the server
that they are from, and nothing from another one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import runtime

SITE = Path("lite-output")
NOTEBOOKS = ("08-what-if-in-a-browser.ipynb", "09-enrichment-in-a-browser.ipynb")


def main() -> None:
    """Fetch Python, lay out what the site shows, and build it."""
    runtime.main()
    files = runtime.FOLDER / "files"
    for old in (files, SITE):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree("data-samples", files / "data-samples")
    (files / "notebooks").mkdir()
    for name in NOTEBOOKS:
        shutil.copy(Path("notebooks", name), files / "notebooks")
    for settings in Path(__file__).parent.glob("jupyter*lite*.json"):
        shutil.copy(settings, runtime.FOLDER)
    (runtime.FOLDER / ".jupyterlite.doit.db").unlink(missing_ok=True)
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(command, cwd=runtime.FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{done.stderr}")
    print(f"{SITE} is ready: python -m http.server --bind 127.0.0.1 --directory {SITE} 8080")
    for name in NOTEBOOKS:
        print(f"  http://127.0.0.1:8080/lab/index.html?path=notebooks/{name}")


if __name__ == "__main__":
    main()
