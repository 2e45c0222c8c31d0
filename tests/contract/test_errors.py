"""The error tree: drawn, complete, picklable, and one mapping from HTTP statuses."""

import pickle
import re

import pandas as pd
import pytest

from pandakit import errors

ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.PandakitError)
]


def test_the_tree_at_the_top_names_every_class():
    """The picture in the module's docstring and the classes are the same list."""
    drawn = set(re.findall(r"\w+(?:Error|Warning)\b", errors.__doc__))
    built_in = {"ValueError", "UserWarning"}
    assert sorted(drawn - built_in) == [name for name in errors.__all__ if name[0].isupper()]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_the_fields_and_survives_pickling(kind):
    """One `except PandakitError` can branch on the fields, also in another process."""
    error = kind(
        "what happened",
        status_code=502,
        retry_after=3.0,
        retryable=True,
        request_id="r-1",
        partial=pd.DataFrame({"a": [1]}),
        resume=lambda: "whole",
    )
    assert error.resume() == "whole"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert str(copy) == "what happened"
    assert (copy.status_code, copy.retry_after, copy.retryable) == (502, 3.0, True)
    assert copy.request_id == "r-1"
    pd.testing.assert_frame_equal(copy.partial, error.partial)


def test_resume_without_anything_to_resume_says_so():
    """An error that cannot resume raises a clear error, not an AttributeError."""
    with pytest.raises(errors.PandakitError, match="nothing to resume"):
        errors.PandakitError("x").resume()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.GoneError),
        (413, errors.InvalidRequestError),
        (422, errors.InvalidRequestError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (599, errors.ServerError),
        (302, errors.ProtocolError),
    ],
)
def test_one_mapping_from_status_to_error(status, kind):
    """Each HTTP status has one error class, for all services."""
    assert errors.error_for_status(status) is kind


def test_input_errors_are_value_errors():
    """What a wrong table, wrong events or a wrong query raise is a ValueError too."""
    for kind in (errors.EnrichmentError, errors.EventError, errors.BpqlSyntaxError):
        assert issubclass(kind, ValueError)
