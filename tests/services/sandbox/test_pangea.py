"""Pangea in the sandbox: searches, paging, waiting, and proofs that hold."""

import base64
import json
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import pytest
import requests

from pandakit import sandbox
from tests.tokens import WRONG


def seeded(ask, days=14):
    """Give the events of the last days from the seed, oldest first."""
    since = ask.services.now - timedelta(days=days)
    return [
        row
        for row in ask.services.organisation.pangea.events
        if datetime.fromisoformat(row["envelope"]["received_at"]) >= since
    ]


def found(ask, **body):
    """Give the hashes that a search finds, in one page."""
    events = ask.pangea("search", limit=10_000, order="asc", **body).json()["result"]["events"]
    return [row["hash"] for row in events]


def folded(node, steps):
    """Fold a node with its siblings; the first letter says on which side each one is."""
    for step in steps:
        side, sibling = step[0], bytes.fromhex(step[2:])
        node = sha256(sibling + node if side == "l" else node + sibling).digest()
    return node.hex()


def steps_of(text):
    """Cut a proof text into steps."""
    return text.split(",") if text else []


def leaf(row):
    """Hash the envelope as it came."""
    text = json.dumps(row["envelope"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).digest()


def test_paging_gives_exactly_the_events_of_the_window(ask):
    """The first page and the pages by offset give every event of the last 14 days once."""
    first = ask.pangea("search", query="", order="asc", limit=100).json()["result"]
    rows = first["events"]
    while len(rows) < first["count"]:
        page = ask.pangea("results", id=first["id"], offset=len(rows), limit=333).json()["result"]
        rows = rows + page["events"]
    assert rows == seeded(ask)
    assert first["count"] == len(rows)


def test_a_search_that_reaches_far_back_is_answered_later(ask):
    """Beyond 14 days: 202, then 404 at the first look, then the answer of a search."""
    accepted = ask.pangea("search", query="", start="30d", order="asc", limit=5)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "Accepted")
    location = accepted.json()["result"]["location"]
    assert location.endswith(accepted.json()["request_id"])
    looks = [ask.looked(location) for _ in range(3)]
    assert [answer.status_code for answer in looks] == [404, 200, 200]
    result = looks[1].json()["result"]
    assert result["count"] == len(ask.services.organisation.pangea.events) == 3_000
    page = ask.pangea("results", id=result["id"], offset=2_999).json()["result"]
    assert page["events"] == ask.services.organisation.pangea.events[-1:]
    assert requests.get(location, timeout=10).status_code == 401


QUERIES = {
    "": lambda _: True,
    'message:""': lambda _: True,
    "action:login": lambda e: e["action"] == "login",
    "action:LOGIN": lambda _: False,
    "login failure": lambda e: (e["action"], e["status"]) == ("login", "failure"),
    'action:"grant" OR action:"revoke"': lambda e: e["action"] in {"grant", "revoke"},
    "(action:create OR action:view) AND -target:invoice": lambda e: e["action"] == "view",
    "duration_ms>5000": lambda e: e.get("duration_ms", 0) > 5_000,
    "duration_ms<50": lambda e: 0 < e.get("duration_ms", 0) < 50,
    "mfa:false": lambda e: e.get("mfa") is False,
}


@pytest.mark.parametrize(("query", "keep"), QUERIES.items())
def test_queries_find_what_they_say(ask, query, keep):
    """A query finds exactly the events that match it, with regard to case."""
    expected = [row["hash"] for row in seeded(ask) if keep(row["envelope"]["event"])]
    assert found(ask, query=query) == expected


def test_restrictions_order_and_caps(ask):
    """search_restriction keeps listed values; max_results cuts the count; order turns it round."""
    north = {"tenant_id": ["north"]}
    expected = [
        row["hash"] for row in seeded(ask) if row["envelope"]["event"].get("tenant_id") == "north"
    ]
    assert found(ask, query="", search_restriction=north) == expected
    capped = ask.pangea("search", query="", max_results=7).json()["result"]
    assert capped["count"] == len(capped["events"]) == 7
    assert capped["events"] == seeded(ask)[:-8:-1]
    by_action = ask.pangea("search", query="", order="asc", order_by="action", limit=9_000).json()
    actions = [row["envelope"]["event"]["action"] for row in by_action["result"]["events"]]
    assert actions == sorted(actions)


def test_times_are_spans_or_dates(ask):
    """`start` and `end` take a span back from the sandbox's time, and RFC 3339."""
    moment = (ask.services.now - timedelta(hours=36)).isoformat()
    assert found(ask, query="", start="36h") == found(ask, query="", start=moment)
    assert len(found(ask, query="", start="36h")) < len(found(ask, query="", start="3days"))
    assert found(ask, query="", start="2d", end="2d") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "a)"}, "BadFormat"),
        ({"query": '"open'}, "BadFormat"),
        ({"query": "a", "include_root": True}, "UnexpectedProperty"),
        ({"query": "a", "max_results": 10_001}, "NotWithinRange"),
        ({"query": "a", "limit": 0}, "NotWithinRange"),
        ({"query": "a", "order": "up"}, "NotEnumMember"),
        ({"query": "a", "start": "lately"}, "BadFormatDateTime"),
        ({"query": 5}, "BadFormat"),
    ],
)
def test_what_a_search_refuses(ask, body, code):
    """Unreadable queries, unknown fields and values out of range are ValidationErrors."""
    answer = ask.pangea("search", **body)
    assert (answer.status_code, answer.json()["status"]) == (400, "ValidationError")
    assert answer.json()["result"]["errors"][0]["code"] == code


def test_offsets_beyond_the_end_are_refused(ask):
    """Exactly at the end the page is empty; beyond it the answer is BadOffset."""
    result = ask.pangea("search", query="action:approve").json()["result"]
    at_end = ask.pangea("results", id=result["id"], offset=result["count"]).json()
    assert at_end["result"]["events"] == []
    beyond = ask.pangea("results", id=result["id"], offset=result["count"] + 1).json()
    assert beyond["status"] == "BadOffset"
    assert ask.pangea("results", id="pas_none").json()["status"] == "NotFound"
    other = ask.pangea("results", id=result["id"], assert_search_restriction={"actor": ["x"]})
    assert other.json()["status"] == "ValidationError"


def test_token_and_configuration_are_needed(ask):
    """A wrong token is Unauthorized; a missing or foreign config_id has its own status."""
    body = {"query": ""}
    url = ask.audit("search")
    wrong = requests.post(url, json=body, headers={"Authorization": f"Bearer {WRONG}"}, timeout=10)
    missing = requests.post(url, json=body, headers=ask.bearer(), timeout=10)
    foreign = ask.pangea("search", config_id="pci_other", **body)
    names = [answer.json()["status"] for answer in (wrong, missing, foreign)]
    assert names == ["Unauthorized", "MissingConfigID", "MissingConfigIDScope"]
    assert wrong.status_code == 401


def test_every_event_is_proved(ask):
    """Each event hashes to its `hash` and folds to the root of its answer: the published one or
    the unpublished one.
    """
    result = ask.pangea("search", query="", limit=10_000).json()["result"]
    roots = {True: result["root"]["root_hash"], False: result["unpublished_root"]["root_hash"]}
    for row in result["events"]:
        assert leaf(row).hex() == row["hash"]
        assert folded(leaf(row), steps_of(row["membership_proof"])) == roots[row["published"]]
        assert (row["leaf_index"] is None) == (not row["published"])
    assert {row["published"] for row in result["events"]} == {True, False}


def test_an_altered_event_is_found_out(ask):
    """Changing one character of an event breaks its way to the root."""
    result = ask.pangea("search", query="", limit=1, order="asc").json()["result"]
    row = result["events"][0]
    row["envelope"]["event"]["message"] += "."
    steps = steps_of(row["membership_proof"])
    assert folded(leaf(row), steps) != result["root"]["root_hash"]


def test_each_root_extends_the_one_before(ask):
    """Folding the consistency proof of every size gives the root before it and its own root."""
    size = ask.pangea("root").json()["result"]["data"]["size"]
    roots = [ask.pangea("root", tree_size=n).json()["result"]["data"] for n in range(1, size + 1)]
    assert "consistency_proof" not in roots[0]
    for before, root in pairwise(roots):
        nodes = [steps_of(text) for text in root["consistency_proof"]]
        fold = bytes.fromhex(nodes[0][0][2:])
        for node in nodes[1:]:
            fold = sha256(bytes.fromhex(node[0][2:]) + fold).digest()
        assert fold.hex() == before["root_hash"]
        for node in nodes:
            assert folded(bytes.fromhex(node[0][2:]), node[1:]) == root["root_hash"]
    beyond = ask.pangea("root", tree_size=size + 1).json()
    assert beyond["status"] == "TreeNotFound"


def test_signed_events_carry_a_good_signature(ask):
    """Three events are signed with Ed25519 over the canonical JSON of the event."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    signed = [
        row["envelope"]
        for row in ask.services.organisation.pangea.events
        if "signature" in row["envelope"]
    ]
    assert len(signed) == 3
    raw = next(e["public_key"] for e in signed if not e["public_key"].startswith("{"))
    key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(raw))
    for envelope in signed:
        text = json.dumps(
            envelope["event"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        key.verify(base64.b64decode(envelope["signature"]), text.encode())


def test_events_are_awkward(ask):
    """There are texts of JSON with unsorted keys, escapes that are text, and no ASCII."""
    events = [row["envelope"]["event"] for row in ask.services.organisation.pangea.events]
    messages = {event["message"] for event in events}
    assert {"literal \\u2764", "123", "caf\u00e9 \u2764 \u2028 end"} <= messages
    news = [json.loads(event["new"]) for event in events if "new" in event]
    assert list(news[0]) != sorted(news[0])


def test_proofs_are_left_out_when_not_asked_for(ask):
    """With verbose=false neither the search nor its later pages carry proofs or roots."""
    result = ask.pangea("search", query="", verbose=False).json()["result"]
    page = ask.pangea("results", id=result["id"], offset=20).json()["result"]
    for part in (result, page):
        assert "root" not in part
        assert "membership_proof" not in part["events"][0]


def test_a_download_is_fetched_without_the_token(ask):
    """The signed address gives the events of the search; with a token it is refused."""
    result = ask.pangea("search", query="action:approve").json()["result"]
    link = ask.pangea("download_results", result_id=result["id"], format="json").json()["result"]
    assert "/audit/" not in link["dest_url"]
    document = requests.get(link["dest_url"], timeout=10).json()
    assert document["count"] == len(document["events"]) == result["count"]
    refused = requests.get(link["dest_url"], headers=ask.bearer(), timeout=10)
    assert refused.status_code == 400
    tampered = link["dest_url"].replace("sandbox", "other")
    assert requests.get(tampered, timeout=10).status_code == 403


def test_without_awkwardness_answers_come_at_once():
    """With awkward=False far searches are answered directly, and config_id may be left out."""
    with sandbox.start(awkward=False, incidents=2, audit_events=30) as services:
        headers = {"Authorization": f"Bearer {services.env['PANGEA_AUDIT_TOKEN']}"}
        url = services.env["PANGEA_BASE_URL_TEMPLATE"].format(SERVICE_NAME="audit") + "/v1/search"
        body = {"query": "", "start": "30d"}
        answer = requests.post(url, json=body, headers=headers, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["result"]["count"] == 30
