"""A service for the tests that need no more than one."""

import pytest

from tests.transport.faultserver import Answer, FaultServer


@pytest.fixture
def server():
    """A service that answers every call with an empty object."""
    with FaultServer(lambda request: Answer({})) as made:
        yield made
    assert made.unfired() == []
