"""A small sandbox and its tour, made once."""

import pytest

from pandakit import sandbox
from pandakit.demo import run_demo


@pytest.fixture(scope="module")
def small():
    """A sandbox with an organisation small enough to load in a moment."""
    with sandbox.start(
        seed=7, incidents=150, audit_events=120, requests_per_second=None
    ) as services:
        yield services


@pytest.fixture(scope="module")
def tour(small, tmp_path_factory):
    """The report of a tour of it, its folder, and what it said on the way."""
    said = []
    folder = tmp_path_factory.mktemp("tour")
    return run_demo(folder, services=small, echo=said.append), folder, said
