"""How the tests are shared out to the workers of pytest-xdist: by file, with two exceptions.

A plugin of pytest, loaded by `tests/conftest.py`. The ids of the tests decide, so that what must
be compared as a whole stays in one process and what takes long is spread.
"""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest

_UNITS = (
    # the cases of a scenario: their outcomes make its lines of the published matrix
    re.compile(r"tests/transport/test_matrix\.py::.*\[[^-\]]+"),
    # a test of the engine, which may take as long as a file of others
    re.compile(r"tests/consolidation/[^\[]+"),
    # a file; of a notebook, whose cells share a kernel, always the whole
    re.compile(r".*?(?=::|$)"),
)


# What takes longest starts first, so that no worker is left alone with it at the end.
_FIRST = (
    "tests/widgets/test_in_browser.py",
    "tests/contract/test_browser.py",
    "notebooks/",
    "tests/tour/",
    "tests/consolidation/test_kernel.py",
    "tests/transport/",
    "tests/scale/",
    "tests/services/test_store.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Let tests interrupt themselves in a worker, where Ctrl-C is ignored otherwise."""
    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the long tests to the front when several workers share them."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


def unit_of(nodeid: str) -> str:
    """Return the name of what is run on one worker, in order."""
    found = next(filter(None, (unit.match(nodeid) for unit in _UNITS)))
    return found[0].partition("[")[2] or found[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler that hands out these units."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Scheduling(config, log)
