"""Answers of any shape: each becomes a frame or a typed error, whatever node or header is odd."""

from __future__ import annotations

import copy
import io
import json
import random
import warnings
from dataclasses import dataclass, field

import pytest
import requests
import requests.adapters
import urllib3
from hypothesis import given, strategies as st

import pandakit as pk
from tests.fuzz import examples
from tests.transport.clock import FakeClock

ODD = (
    None, True, False, 0, -1, 7, 10**30, 1.5, -1e308, "", "text", "é\x00\ud800", "x" * 5000,
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "../../admin", "//[bad/x",
    "http://[bad/x", "http://elsewhere.example/x", [], [None], [[]], ["a", 1], [{}], {},
    {"a": 1}, {"": None}, {"id": []}, [[[[[]]]]],
)  # fmt: skip
HEADERS = {
    "Location": ("http://[bad/x", "http://elsewhere.example/", "", "\xff", "/x" * 3000, "//"),
    "Retry-After": ("1" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "x", "-1", "1e5"),
    "Date": ("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x", "0"),
    "X-Request-Id": ("", "\xff" * 900, "x\ty"),
    "Content-Type": ("text/html", "", "application/json; charset=utf-99"),
    "Content-Encoding": ("gzip", "br", "identity, gzip", "\xff"),
    "Content-Length": ("0", "-1", "x", "1, 2", "9" * 30),
    "X-Sandbox-Time": ("x", "Fri, 31 Dec 9999 23:59:59 GMT"),
}
STATUSES = (
    200,
    201,
    202,
    204,
    301,
    304,
    400,
    401,
    403,
    404,
    409,
    410,
    418,
    422,
    429,
    500,
    503,
    599,
)


@dataclass
class Answer:
    """One recorded answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(eq=False)
class Tape(requests.adapters.BaseAdapter):
    """Records the answers of an operation, or plays them again with one of them changed."""

    real: requests.adapters.HTTPAdapter | None = None
    answers: list[Answer] = field(default_factory=list)
    sent: int = 0

    def send(self, request, *_args, **options):
        """Answer a request from the service or from the tape."""
        if self.real is not None:
            options["stream"] = False
            reply = self.real.send(request, **options)
            kept = {name: reply.headers[name] for name in reply.headers if name != "Connection"}
            self.answers.append(Answer(reply.status_code, kept, reply.content))
        if hasattr(request.body, "read"):
            request.body.read()
        number = min(self.sent, len(self.answers) - 1) if self.real is None else -1
        self.sent += 1
        return _response(request, self.answers[number])

    def close(self):
        """Release the connections of the recording."""
        if self.real is not None:
            self.real.close()


def _response(request, answer):
    made = requests.Response()
    made.status_code, made.request, made.url = answer.status, request, request.url
    made.headers = requests.structures.CaseInsensitiveDict(answer.headers)
    made.raw = urllib3.HTTPResponse(
        io.BytesIO(answer.body), answer.headers, answer.status, preload_content=False
    )
    return made


def _first(frame, column):
    return frame[column].iloc[0] if len(frame) else "none"


def _upload(client):
    schema = client.enrichments(progress=False)
    key = _first(schema, "schema_id")
    tags = client.enrichment_schema(key)
    table = client.enrichment_table(key).head(3)
    return client.upload_enrichment(table.reindex(columns=list(tags.columns)), key, progress=False)


def _search_id(client):
    found = client.search(start="90d", max_rows=5).attrs["pandakit"].get("search", {})
    return str(found.get("id"))


OPERATIONS = {
    "panther": {
        **{
            name: (lambda client, name=name: getattr(client, name)())
            for name in (
                "data_models", "globals", "policies", "queries", "rules", "scheduled_rules",
                "simple_rules", "correlation_rules", "alert_context_tags", "users", "roles",
                "api_tokens", "detections", "inventory", "check",
            )
        },
        "alerts": lambda client: client.alerts(start="7d", type="all"),
        "alert_events": lambda client: client.alert_events(client.alerts(start="3d").head(2)),
        "alert_comments": lambda client: client.alert_comments(client.alerts(start="3d").head(2)),
        "get": lambda client: client.get("rules", _first(client.rules(max_rows=1), "id")),
        "tests": lambda client: client.unit_tests(client.rules()),
    },
    "bigpanda": {
        **{
            name: (lambda client, name=name: getattr(client, name)())
            for name in ("environments", "correlation_patterns", "policy", "enrichments", "check")
        },
        "incidents": lambda client: client.incidents("All Incidents", start="7d"),
        "alerts": lambda client: client.alerts("All Incidents", start="3d"),
        "incident": lambda client: client.incident(
            "All Incidents", _first(client.incidents("All Incidents", start="7d"), "incident_id")
        ),
        "activities": lambda client: client.activities(
            client.incidents("All Incidents", start="7d")["incident_id"].head(2)
        ),
        "upload": _upload,
    },
    "pangea": {
        "schema": lambda client: client.schema(),
        "root": lambda client: client.root(),
        "check": lambda client: client.check(),
        "search": lambda client: client.search(start="90d", max_rows=200),
        "results": lambda client: client.results(
            _search_id(client)
        ),
    },
}  # fmt: skip
NAMES = [(service, name) for service, names in OPERATIONS.items() for name in names]


@pytest.fixture(scope="module")
def tapes():
    """The answers of each operation of a sandbox, and a maker of clients that get them again."""
    recorded = {}
    with (
        pk.sandbox.start(incidents=30, audit_events=60, requests_per_second=None) as services,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for service, name in NAMES:
            tape = Tape(requests.adapters.HTTPAdapter())
            with client_of(service, services.env, tape) as client:
                OPERATIONS[service][name](client)
            tape.close()
            recorded[service, name] = tape.answers
    return services.env, recorded


def client_of(service, env, tape):
    """Make a client whose answers come from a tape, and whose waits take no time."""
    session = requests.Session()
    session.mount("http://", tape)
    client = {
        "panther": lambda: pk.Panther(
            env["PANTHER_API_HOST"], env["PANTHER_API_TOKEN"], session=session, progress=False
        ),
        "bigpanda": lambda: pk.BigPanda(
            env["BIGPANDA_API_KEY"], base_url=env["BIGPANDA_BASE_URL"], rate=None,
            session=session, progress=False,
        ),
        "pangea": lambda: pk.Pangea(
            env["PANGEA_AUDIT_TOKEN"], base_url_template=env["PANGEA_BASE_URL_TEMPLATE"],
            config_id=env["PANGEA_AUDIT_CONFIG_ID"], session=session, progress=False,
        ),
    }[service]()  # fmt: skip
    for one in getattr(client, "_sessions", {"only": client._session}).values():
        one.clock = FakeClock().clock
    return client


def mutated(answer, chance):
    """Change one node of the document, one header or the status."""
    kind = chance.random()
    if kind < 0.1:
        name = chance.choice(list(HEADERS))
        return Answer(
            answer.status, answer.headers | {name: chance.choice(HEADERS[name])}, answer.body
        )
    if kind < 0.15:
        return Answer(chance.choice(STATUSES), answer.headers, answer.body)
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    body = json.dumps(replaced(document, chance)).encode()
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    return Answer(answer.status, headers, body)


def replaced(document, chance):
    """Replace one node, at any depth, by a value of another kind; or take it away."""
    node, path = document, []
    while isinstance(node, (dict, list)) and node and chance.random() < 0.85:
        step = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        path.append(step)
        node = node[step]
    odd = chance.choice(ODD)
    if not path:
        return odd
    changed = copy.deepcopy(document)
    *way, last = path
    parent = changed
    for step in way:
        parent = parent[step]
    if chance.random() < 0.1:
        del parent[last]
    else:
        parent[last] = odd
    return changed


def outcome(service, name, env, answers):
    """Run an operation on the answers; return what went wrong that must not."""
    with warnings.catch_warnings(), client_of(service, env, Tape(None, answers)) as client:
        warnings.simplefilter("ignore")
        try:
            OPERATIONS[service][name](client)
        except pk.PandakitError:
            return None
        except Exception as error:  # noqa: BLE001 - what the test is about
            return error
    return None


@pytest.mark.parametrize(("service", "name"), NAMES)
@examples(quick=8, full=1_500)
@given(seed=st.integers(0, 2**63))
def test_any_answer_is_a_frame_or_a_typed_error(tapes, service, name, seed):
    """
    Whichever node of an answer is another kind of value, is odd or absent, and whichever header
    or status is odd: a load returns or raises a PandakitError, never anything else.
    """
    env, recorded = tapes
    chance = random.Random(seed)
    answers = list(recorded[service, name])
    number = chance.randrange(len(answers))
    answers[number] = mutated(answers[number], chance)
    error = outcome(service, name, env, answers)
    if error is not None:
        raise error
