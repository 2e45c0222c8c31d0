"""A canary token goes through the whole house; then every artefact is searched for it."""

import contextlib
import copy
import io
import pickle
import re
import traceback
import warnings

import pandas as pd
import pytest

from pandakit.errors import CellWarning, PandakitError
from pandakit.frames import Column, build_frame
from pandakit.progress import progress_line
from pandakit.redaction import Secret, redact
from pandakit.snapshot import save
from pandakit.transport import Reply
from tests.tokens import CANARY, forms
from tests.transport.fault_kinds import body, next_is, redirect, status
from tests.transport.faultserver import ALWAYS
from tests.transport.leaks import LogTrap, find_leaks
from tests.transport.operations import LISTS

ECHO = status(400, {"message": f"token {CANARY}", "errors": [CANARY], "status": "Failed"})


def artefacts(operation, tmp_path):
    """Run a load well, then badly, and give everything that it leaves behind as text."""
    shown = io.StringIO()
    with (
        operation.serve() as server,
        LogTrap() as logs,
        warnings.catch_warnings(record=True) as told,
        contextlib.redirect_stderr(shown),
        contextlib.redirect_stdout(shown),
    ):
        warnings.simplefilter("always")
        with operation.connect(server) as client:
            client._progress = True
            frame = operation.run(client)
            server.served = 0
            server.plan("echo", ECHO, at=1, times=ALWAYS)
            with pytest.raises(PandakitError) as caught:
                operation.run(client)
            error = caught.value
            yield "client", repr(client) + str(client)
            yield "frame", frame.to_html() + repr(frame) + str(frame.attrs)
            yield "partial", repr(error.partial) + str(error.partial.attrs)
            yield "error", error
            yield "fields", repr(vars(error))
            yield "pickled error", pickle.dumps(error, 0).decode("latin-1")
            yield "copied error", repr(vars(copy.deepcopy(error)))
            for name, value in (("whole", frame), ("partial", error.partial)):
                path = save(value, tmp_path / f"{name}.parquet")
                yield f"{name} snapshot", path.read_bytes().decode("latin-1")
                yield f"{name} pickle", pickle.dumps(value, 0).decode("latin-1")
            yield (
                "traceback",
                "".join(
                    traceback.TracebackException.from_exception(error, capture_locals=True).format()
                ),
            )
        assert server.unfired() == []
    yield "logs", "\n".join(logs.lines)
    yield "warnings", str([str(one.message) for one in told])
    yield "progress", shown.getvalue()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            yield f"file {path.name}", path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("operation", LISTS, ids=lambda one: one.name)
def test_the_token_is_in_no_artefact(operation, tmp_path):
    """
    Logs at DEBUG, warnings, progress, reprs, HTML, attrs, errors and their chains, tracebacks
    with locals, pickles, snapshots and files: the token is in none of them, in no encoding.
    """
    seen = set()
    for name, thing in artefacts(operation, tmp_path):
        seen.add(name)
        assert not find_leaks(thing), name
    assert {"logs", "progress", "traceback", "whole snapshot", "pickled error"} <= seen


def test_the_search_would_find_it():
    """The canary search finds the token in each of its encodings, also inside an error's chain."""
    for form in forms(CANARY):
        assert find_leaks(f"... {form.decode()} ...")
    inner = ValueError(CANARY)
    outer = RuntimeError("outer")
    outer.__context__ = inner
    assert find_leaks(outer)


def test_excerpts_are_masked_before_they_are_cut():
    """No piece of a token survives at the edge of an excerpt."""
    operation = LISTS[0]
    with operation.serve() as server, operation.connect(server) as client:
        for pad in range(90, 130):
            text = "x" * pad + CANARY
            server.plan("edge", lambda _, a, text=text: a.but(body=text.encode()), times=1)
            with pytest.raises(PandakitError) as caught:
                operation.run(client)
            assert not re.search(re.escape(CANARY[:6]), str(caught.value))
        assert server.unfired() == []


def test_a_notebook_shows_no_token():
    """The HTML of a frame and the reprs of client and progress line have no token."""
    operation = LISTS[0]
    with operation.serve() as server, operation.connect(server) as client:
        frame = operation.run(client)
        with progress_line("rules", progress=False) as line:
            assert isinstance(frame, pd.DataFrame)
            assert not find_leaks(frame._repr_html_(), client, line, vars(line))


ECHOES = {
    "an excerpt that is cut": body(b"x" * 100 + CANARY.encode() + b" end", code=400),
    "a token that the service cut": status(400, {"message": f"bad token {CANARY[:-3]}...", "a": 1}),
    "a request id": status(400, X_Request_Id=CANARY),
    "a content encoding": status(400, Content_Encoding=CANARY),
    "a foreign host": redirect(f"https://{CANARY.replace('/', '-')}.example/"),
    "a path": redirect(f"/{CANARY}"),
    "a repeated key": body(f'{{"{CANARY}": 1, "{CANARY}": 2, "results": []}}'.encode()),
    "a cursor that is no text": next_is({CANARY: 1}),
    "a page that is not JSON": body(f"<html>{CANARY}".encode()),
    "a control sequence": status(400, {"message": f"\x1b]0;{CANARY}\x07\u202e \u009b31m"}),
}


def pieces():
    """Give every eight characters in a row of the token."""
    return {CANARY[at : at + 8] for at in range(len(CANARY) - 7)}


@pytest.mark.parametrize("place", ECHOES)
def test_no_piece_of_an_echoed_token_is_shown(place):
    """
    Wherever a service echoes the token, whole or cut, no eight characters of it in a row are in
    the error, its fields, its traceback, a warning or a log; nor does anything steer a terminal.
    """
    operation = LISTS[0]
    with (
        operation.serve() as server,
        LogTrap() as logs,
        warnings.catch_warnings(record=True) as told,
        operation.connect(server) as client,
    ):
        warnings.simplefilter("always")
        server.plan(place, ECHOES[place], times=ALWAYS)
        error = None
        try:
            operation.run(client)
        except PandakitError as failure:
            error = failure
        shown = [str(error), repr(error), str(getattr(error, "request_id", ""))]
        shown += [str(one.message) for one in told] + logs.lines
        if error is not None:
            shown += traceback.TracebackException.from_exception(
                error, capture_locals=True
            ).format()
    assert error is not None or told
    assert [text for text in shown if any(piece in text for piece in pieces())] == []
    message = str(error) + "".join(str(one.message) for one in told)
    assert all(character == "\n" or character.isprintable() for character in message)


def test_an_excerpt_is_masked_by_itself():
    """The start of an answer, which also stands in the details of a job, has no token in it."""
    token = Secret(CANARY)
    reply = Reply(200, {}, f"failed: {CANARY}".encode())
    assert reply.excerpt() == "failed: ***"
    del token


def test_pieces_of_a_secret_are_masked():
    """Eight characters in a row of a token are masked wherever a text was cut; seven are not."""
    token = Secret(CANARY)
    for start in range(len(CANARY)):
        for end in range(start + 8, len(CANARY) + 1):
            assert not any(piece in redact(f"<{CANARY[start:end]}>") for piece in pieces())
    assert redact(CANARY[:7]) == CANARY[:7]
    del token


def test_a_value_that_fits_no_column_is_masked():
    """The texts of unreadable values in attrs and in the warning have no token."""
    secret = Secret(CANARY)
    with pytest.warns(CellWarning) as caught:
        frame = build_frame([{"enabled": f"x{CANARY}"}], [Column("enabled", "boolean")])
    shown = str(frame.attrs) + str(caught[0].message)
    assert not any(CANARY[start : start + 8] in shown for start in range(len(CANARY) - 7))
    del secret
