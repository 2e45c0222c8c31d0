"""The search at the end of a run finds what it is meant to find, and fails the run."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from tests.sweep import Sweep
from tests.tokens import CANARY, FRESH, forms, holds_token

ROOT = Path(__file__).parents[2]
PLANTED = (Path(__file__).parent / "planted.py").read_text(encoding="utf-8")
PLANTS = re.findall(r"^def test_(\w+)", PLANTED, re.MULTILINE)
# Where the finding is told by another word than the test's name.
TOLD = {
    "plain_file": "plain.txt", "gzip": "packed.gz", "zip": "packed.zip", "printed": "stdout",
    "process": "stderr", "debug": "Captured log", "warned": "warning:", "named": "name of",
    "stranger": "not in tests/tokens.py",
}  # fmt: skip


def run(*options, tests=PLANTED):
    """Run tests in a process of their own, in a folder that is gone afterwards."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:nbval"]
    command += ["-p", "no:cacheprovider", "-p", "tests.sweep"]
    with TemporaryDirectory() as folder:
        (Path(folder) / "test_planted.py").write_text(tests, encoding="utf-8")
        return subprocess.run(
            [*command, f"--basetemp={folder}/temporary", *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module", params=[(), ("-n2",)], ids=["one_process", "two_workers"])
def told(request):
    """What a run says whose tests all pass, and all leave a token behind."""
    done = run(*request.param)
    assert f"{len(PLANTS)} passed" in done.stdout, "the planted tests do not run"
    assert done.returncode == 1
    return done.stdout.partition("tokens were left behind")[2]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_token_left_behind_fails_the_run(told, plant):
    """
    Files of all kinds, packed ones too, output of the tests and of their processes, DEBUG logs,
    warnings, names of tests, published pages: the place of each is told, and the run is red,
    whether one process runs the tests or several workers do.
    """
    word = TOLD.get(plant, f"{plant}.")
    assert [line for line in told.splitlines() if word in line and CANARY not in line]


def test_a_clean_run_stays_green():
    """Tests that use a token and keep it to themselves pass, and so does their run."""
    done = run("-k", "nothing", tests="from tests.tokens import CANARY\ndef test_nothing(): CANARY")
    assert (done.returncode, "left behind" in done.stdout) == (0, False)


def test_what_a_cell_gives_is_searched(tmp_path):
    """The outputs of a notebook's cell are searched as they came from the kernel."""
    sweep = Sweep(tmp_path)
    cell = SimpleNamespace(nodeid="Cell 1", test_outputs=[{"data": {"text/html": FRESH}}])
    sweep.pytest_runtest_teardown(cell)
    assert list(sweep.found) == ["output: Cell 1"]


@pytest.mark.parametrize("around", [("", ""), ("Bearer ", ""), ("a:", "\n"), ("xy", "zz")])
def test_every_form_is_found(around):
    """Each encoding of a token is found, wherever it stands in what was encoded."""
    text = CANARY.join(around).encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode, bytes.hex, bytes):
        found = encode(text)
        assert holds_token(found.encode() if isinstance(found, str) else found)
    assert all(map(holds_token, forms(CANARY)))
    assert not holds_token(b"a canary, a token")
