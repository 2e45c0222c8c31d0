"""The matrix of versions: `make matrix`. Interpreters that are not installed are skipped."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# The core: what needs no extra.
TESTS = (
    "tests/contract",
    "tests/transport",
    "tests/consolidation",
    "tests/enrichment",
    "tests/bpql",
)


@nox.session(python=PYTHONS)
@nox.parametrize("versions", ["newest", "oldest"])
def core(session: nox.Session, versions: str) -> None:
    """Run the tests of the core with the newest requirements, or each at its lower bound."""
    session.install("pip>=25.1")  # --group is new there
    limits = []
    if versions == "oldest":
        session.install("packaging")
        lowest = session.run("python", "scripts/lowest_versions.py", silent=True)
        constraints = Path(session.virtualenv.location) / "lowest.txt"
        constraints.write_text(str(lowest), encoding="utf-8")
        limits = ["--constraint", str(constraints)]
    session.install(*limits, "--editable", ".", "--group", "test")
    session.run("python", "-m", "pytest", "-q", "-n", "2", *(session.posargs or TESTS))
