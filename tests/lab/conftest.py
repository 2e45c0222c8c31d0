"""What all tests of what-if analysis share."""

import pytest


def pytest_collection_modifyitems(items):
    """Let timelines with rejected rows run; `test_rejections.py` tests that they are loud."""
    for item in items:
        if "tests/lab" in item.path.as_posix():
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
            )
