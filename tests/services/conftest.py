"""The sandbox with ready clients whose waits take no time, and servers that follow a script."""

import json
import time
from dataclasses import dataclass, field, replace
from threading import Thread

import pandas as pd
import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from pandakit import sandbox
from pandakit.bigpanda import BigPanda
from pandakit.pangea import Pangea
from pandakit.panther import Panther
from tests.tokens import BIGPANDA_ORG, BIGPANDA_USER, PANGEA, PANTHER
from tests.transport.clock import FakeClock


def hurried(client):
    """Let a client's waits take no time; gives the client."""
    now = time.time()  # the right time, for services say it, but it stands still
    clock = replace(FakeClock().clock, wall=lambda: now)
    for session in getattr(client, "_sessions", {"only": client._session}).values():
        session.clock = clock
    return client


@pytest.fixture(scope="session")
def services():
    """One sandbox for all tests that only read."""
    with sandbox.start(requests_per_second=None, incidents=250, audit_events=2_500) as running:
        yield running


@pytest.fixture(scope="session")
def panther(services):
    """A Panther client of the sandbox."""
    host, token = services.env["PANTHER_API_HOST"], services.env["PANTHER_API_TOKEN"]
    with Panther(host, token) as client:
        yield hurried(client)


@pytest.fixture(scope="session")
def bigpanda(services):
    """A BigPanda client of the sandbox."""
    with bigpanda_of(services) as client:
        yield client


def bigpanda_of(services):
    """Make a BigPanda client of a running sandbox."""
    env = services.env
    return hurried(
        BigPanda(
            env["BIGPANDA_API_KEY"],
            env["BIGPANDA_ORG_TOKEN"],
            base_url=env["BIGPANDA_BASE_URL"],
            rate=None,
        )
    )


@pytest.fixture(scope="session")
def pangea(services):
    """A Pangea client of the sandbox."""
    with pangea_of(services) as client:
        yield client


def pangea_of(services):
    """Make a Pangea client of a running sandbox."""
    env = services.env
    return hurried(
        Pangea(
            env["PANGEA_AUDIT_TOKEN"],
            base_url_template=env["PANGEA_BASE_URL_TEMPLATE"],
            config_id=env["PANGEA_AUDIT_CONFIG_ID"],
            arweave_url=env["PANGEA_ARWEAVE_URL"],
        )
    )


@dataclass
class Script:
    """A server on loopback whose answers a function gives; it keeps what it was asked."""

    answer: object
    calls: list = field(default_factory=list)

    def __enter__(self):
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @Request.application
    def _app(self, request):
        request.get_data()
        self.calls.append(request)
        body, status = self.answer(request), 200
        if isinstance(body, tuple):
            body, status = body
        if isinstance(body, Response):
            return body
        kind = "text/html" if isinstance(body, str) else "application/json"
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, content_type=kind)


@pytest.fixture
def scripted():
    """Start servers that answer what a function of the request gives: body, or body and status."""
    running = []

    def start(answer):
        script = Script(answer).__enter__()
        running.append(script)
        return script

    yield start
    for script in running:
        script.__exit__()


@pytest.fixture
def panther_at(scripted):
    """Give a Panther client of a scripted server, and the server's calls."""

    def make(answer):
        script = scripted(answer)
        return hurried(Panther(script.url, PANTHER)), script.calls

    return make


@pytest.fixture
def bigpanda_at(scripted):
    """Give a BigPanda client of a scripted server, and the server's calls."""

    def make(answer):
        script = scripted(answer)
        client = BigPanda(BIGPANDA_USER, BIGPANDA_ORG, base_url=script.url, rate=None)
        return hurried(client), script.calls

    return make


@pytest.fixture
def pangea_at(scripted):
    """Give a Pangea client of a scripted server, and the server's calls."""

    def make(answer):
        script = scripted(answer)
        return hurried(Pangea(PANGEA, base_url_template=script.url)), script.calls

    return make


def told(frame):
    """Read the facts of a load."""
    return frame.attrs["pandakit"]


def plain(value):
    """Give a cell as plain Python: missing is None, times are text in UTC."""
    if isinstance(value, (list, dict)):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def at(row, path):
    """Give what stands in a JSON object under a dotted path."""
    for part in path.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    return row


def moment(text):
    """Give an ISO text as the frame's cells are compared; Go's zero time is no time."""
    if not text or text.startswith("0001-"):
        return None
    return pd.Timestamp(text).tz_convert("UTC").isoformat()


def seconds(number):
    """Give epoch seconds as the frame's cells are compared."""
    return None if number is None else pd.Timestamp(number, unit="s", tz="UTC").isoformat()


def column(frame, name):
    """Give the cells of a column as plain Python."""
    return [plain(value) for value in frame[name]]
