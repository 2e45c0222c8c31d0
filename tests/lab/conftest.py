"""What all tests of the lab share."""

import pytest

# It needs scikit-learn, which the tests do not.
collect_ignore = ["make_scikit_learn_scores.py"]


def pytest_collection_modifyitems(items):
    """Let timelines with rejected rows run; `tests/consolidation` tests that they are loud."""
    for item in items:
        if "tests/lab" in item.path.as_posix():
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
            )
