"""Roots from Arweave and Pangea, downloads, and every tampering that the sandbox can show."""

import csv
import gzip
import io
import json
import re

import pandas as pd
import pytest

import pandakit as pk
from pandakit import sandbox
from pandakit.pangea import Pangea
from tests.services.audit_log import plain_log
from tests.services.conftest import column, hurried, moment, pangea_of, told
from tests.tokens import MARK, PANGEA

START = "2026-05-01"


@pytest.fixture(scope="module")
def own():
    """A sandbox of this module, since its log is tampered with."""
    with sandbox.start(incidents=2, audit_events=400, requests_per_second=None) as running:
        yield running


@pytest.fixture
def client(own):
    """A client of it; every plan is forgotten afterwards."""
    with pangea_of(own) as client:
        yield client
    own.control.clear()


def pangea_of_url(url, arweave):
    """Make a client of a scripted server."""
    return hurried(Pangea(PANGEA, base_url_template=url, arweave_url=arweave))


def test_roots_come_from_arweave_once(client, own):
    """The sizes that results need come once each, with the roots of the log, from Arweave."""
    frame = client.search(start=START)
    roots = client.roots(frame)
    log = own.organisation.pangea
    assert column(roots, "size") == list(range(1, log.published + 1))
    assert column(roots, "root_hash") == [
        log.root(size)["root_hash"] for size in range(1, log.published + 1)
    ]
    assert set(roots["source"]) == {"arweave"}
    assert set(roots["tree_name"]) == {log.tree_name}
    assert column(roots, "published_at")[2] == moment(log.root(3)["published_at"])
    asked = [call.path for call in own.control.calls if call.path.startswith("/arweave/")]
    gets = [path for path in asked if path != "/arweave/graphql"]
    assert len(gets) == len(set(gets)) == log.published
    assert told(roots)["requests"] == len(asked) + log.published


def test_with_these_roots_a_search_is_proved(client):
    """Search, roots, verify: all published events are proved under Arweave's roots."""
    frame = client.search(start=START)
    found = pk.pangea.verify(frame, roots=client.roots(frame))
    published = found.events[frame["published"]]
    assert set(published["verdict"]) == {"proved"}
    assert set(published["root_source"]) == {"arweave"}
    assert set(published["consistency_verification"]) == {"pass"}


def test_only_the_sizes_that_are_needed_are_asked_for(client, own):
    """A part of the results needs its own batches' roots and that of the page."""
    frame = client.search(start=START)
    part = frame[frame["leaf_index"] == 4]
    assert column(client.roots(part), "size") == [4, 5, own.organisation.pangea.published]


def test_owners_pin_who_published(client, own):
    """With another publisher Arweave has nothing, and the roots come from Pangea."""
    from pandakit.sandbox.pangea.arweave import OWNER

    frame = client.search(start=START).head(1)
    for owners in (OWNER, [OWNER]):
        assert set(client.roots(frame, owners=owners)["source"]) == {"arweave"}
    assert set(client.roots(frame, owners=["somebody"])["source"]) == {"pangea"}
    with pytest.raises(ValueError, match="owners is empty"):
        client.roots(frame, owners=[])


def test_arweave_out_of_reach_is_a_warning(client, own):
    """Without Arweave the roots come from Pangea alone, which is said."""
    frame = client.search(start=START)
    alone = Pangea(
        own.env["PANGEA_AUDIT_TOKEN"],
        base_url_template=own.env["PANGEA_BASE_URL_TEMPLATE"],
        config_id=own.env["PANGEA_AUDIT_CONFIG_ID"],
        arweave_url="http://127.0.0.1:9",
    )
    with pytest.warns(pk.ServiceWarning, match=r"Arweave .* could not be read"):
        roots = hurried(alone).roots(frame)
    assert set(roots["source"]) == {"pangea"}
    assert len(roots) == own.organisation.pangea.published


CAUGHT = {
    "event": "hash",
    "rehash": "membership",
    "proof": "membership",
    "reorder": "membership",
    "forge": "membership",
    "root": "membership",
    "arweave": "membership",
}


@pytest.mark.parametrize("kind", CAUGHT)
def test_every_tampering_is_caught_with_roots(client, own, kind):
    """Each tampering fails in the check that is named, against the roots of Arweave."""
    own.control.tamper(kind)
    frame = client.search(start=START)
    roots = client.roots(frame)
    found = pk.pangea.verify(frame, roots=roots)
    assert found.verdict == "failed"
    assert (found.events[f"{CAUGHT[kind]}_verification"] == "fail").any()
    if kind in {"forge", "arweave"}:
        assert set(roots["source"]) == {"arweave", "pangea"}


@pytest.mark.parametrize(("kind", "verdict"), [("drop", "incomplete"), ("drop_batch", "absent")])
def test_what_is_left_out_is_missed(client, own, kind, verdict):
    """Every event that is there is proved, but a complete range it is not."""
    own.control.tamper(kind)
    frame = client.search(start=START)
    roots = client.roots(frame)
    found = pk.pangea.verify(frame, roots=roots)
    assert "failed" not in set(found.events["verdict"])
    assert (found.batches["verdict"] == verdict).sum() == 1
    assert pk.pangea.verify(frame, roots=roots, complete=True).verdict == "failed"


def test_a_forged_log_agrees_with_itself(client, own):
    """Without roots from elsewhere a log that was made anew is intact, never proved."""
    own.control.tamper("forge")
    found = pk.pangea.verify(client.search(start=START))
    assert found.verdict == "intact"


def test_unknown_tamperings_are_refused(own):
    """A kind that does not exist is a ValueError that lists those that do."""
    with pytest.raises(ValueError, match="drop_batch"):
        own.control.tamper("burn")


# --- scripted sources

LOG = plain_log((2, 1, 3))
RESULT = LOG.result()


def scripted_roots(arweave=None, pangea=None, *, redirect=False, pending=False):
    """Answer as Arweave and Pangea do, with roots by size instead of the true ones."""
    arweave = {size: LOG.root(size) for size in (1, 2, 3)} if arweave is None else arweave
    pangea = {size: LOG.root(size) for size in (1, 2, 3)} if pangea is None else pangea

    def answer(request):
        from werkzeug.wrappers import Response

        if request.path == "/graphql":
            edges = [{"node": {"id": f"tx{size}-{copy}", "tags": [
                {"name": "tree_size", "value": str(size)}]}} for size in arweave
                for copy in range(2 if isinstance(arweave[size], list) else 1)]  # fmt: skip
            return {"data": {"transactions": {"edges": edges}}}
        if "tx" in request.path:
            size, copy = map(int, re.findall(r"\d+", request.path))
            root = arweave[size][copy] if isinstance(arweave[size], list) else arweave[size]
            text = "Pending" if pending else json.dumps(root)
            if redirect and not request.path.endswith("/data"):
                return Response(status=302, headers={"Location": "https://elsewhere.example.com"})
            if redirect:
                import base64

                text = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
            return Response(text, content_type="application/json")
        size = request.get_json()["tree_size"]
        if size not in pangea:
            return {"status": "TreeNotFound", "summary": "no", "result": None}, 400
        return {"status": "Success", "result": {"data": pangea[size]}}

    return answer


def roots_of(scripted, answer, **options):
    """Fetch the roots of the scripted log; gives them and the calls."""
    script = scripted(answer)
    return pangea_of_url(script.url, script.url).roots(RESULT, **options), script.calls


def test_no_token_goes_to_arweave(scripted):
    """Arweave is read without credentials; the query asks for a hundred edges."""
    roots, calls = roots_of(scripted, scripted_roots())
    assert set(roots["source"]) == {"arweave"}
    for call in calls:
        if not call.path.endswith("/v1/root"):
            assert "Authorization" not in call.headers
            assert MARK not in call.get_data(as_text=True)
    (query,) = [call.get_json()["query"] for call in calls if call.path == "/graphql"]
    assert "first: 100" in query


def test_both_roots_are_kept_when_they_disagree(scripted):
    """Arweave and Pangea with different roots of a size: both rows, and verifying fails."""
    other = dict(LOG.root(3), root_hash=64 * "1")
    roots, _ = roots_of(scripted, scripted_roots(pangea={3: other, 1: LOG.root(1)}))
    assert roots.loc[roots["size"] == 3, "source"].tolist() == ["arweave", "pangea"]
    assert pk.pangea.verify(RESULT, roots=roots).verdict == "failed"


def test_a_proof_that_differs_is_kept_too(scripted):
    """A wrong proof on Arweave is repaired by Pangea's, since the root is the same."""
    bad = dict(LOG.root(3), consistency_proof=["x:" + 64 * "0"])
    roots, _ = roots_of(scripted, scripted_roots(arweave={3: bad, 2: LOG.root(2), 1: LOG.root(1)}))
    assert len(roots) == 4
    assert pk.pangea.verify(RESULT, roots=roots).verdict == "proved"


def test_a_second_transaction_of_a_size_is_not_overlooked(scripted):
    """Two transactions with different roots of one size are both kept."""
    both = [LOG.root(3), dict(LOG.root(3), root_hash=64 * "1")]
    roots, _ = roots_of(scripted, scripted_roots(arweave={3: both}))
    assert column(roots[roots["size"] == 3], "source") == ["arweave", "arweave"]


@pytest.mark.parametrize("options", [{"redirect": True}, {"pending": True}])
def test_gateways_that_redirect_and_roots_that_are_pending(scripted, options):
    """A redirected read takes the other address; a transaction that is not mined is no root."""
    roots, _ = roots_of(scripted, scripted_roots(**options))
    expected = "arweave" if "redirect" in options else "pangea"
    assert set(roots["source"]) == {expected}
    assert len(roots) == 3


def test_a_size_that_nobody_has_is_a_warning(scripted):
    """Sizes without a root are named in a warning; the others are there."""
    with pytest.warns(pk.PartialWarning, match="size 2"):
        roots, _ = roots_of(
            scripted, scripted_roots(arweave={1: LOG.root(1)}, pangea={3: LOG.root(3)})
        )
    assert column(roots, "size") == [1, 3]


def test_a_failing_pangea_is_an_error_with_what_came(scripted):
    """Pangea's refusal is raised, with the roots that had arrived."""
    good = scripted_roots()

    def answer(request):
        if request.path.endswith("/v1/root"):
            return {"status": "Unauthorized", "summary": "no", "result": None}, 401
        return good(request)

    with pytest.raises(pk.AuthenticationError) as caught:
        roots_of(scripted, answer)
    assert caught.value.partial["source"].isin(["arweave"]).all()


def test_no_results_need_no_roots(scripted):
    """Nothing to verify asks for nothing; the frame has its columns."""
    script = scripted(scripted_roots())
    roots = pangea_of_url(script.url, script.url).roots([])
    assert (len(roots), script.calls) == (0, [])
    assert "source" in roots


# --- downloads


@pytest.mark.parametrize("name", ["events.json", "events.json.gz", "events.csv", "events.csv.gz"])
def test_downloads_by_suffix(client, own, tmp_path, name):
    """The name decides the format; JSON loads as the events of the search."""
    frame = client.search(start=START)
    path = client.download(told(frame)["search"]["id"], tmp_path / name)
    data = path.read_bytes()
    assert data.startswith(b"\x1f\x8b") == name.endswith(".gz")
    if ".json" in name:
        loaded = pk.pangea.load(path)
        assert column(loaded, "hash") == column(frame, "hash")
        assert set(pk.pangea.verify(loaded).events["hash_verification"]) == {"pass"}
    else:
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["hash"] for row in rows] == column(frame, "hash")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_download_that_fails_leaves_the_old_file(client, own, tmp_path):
    """Written whole or not at all: a broken download changes nothing on disk."""
    frame = client.search(start=START)
    (tmp_path / "events.json").write_text("old", encoding="utf-8")
    own.control.answer("pangea", "^/download/", 403, "no")
    with pytest.raises(pk.PandakitError):
        client.download(told(frame)["search"]["id"], tmp_path / "events.json")
    assert (tmp_path / "events.json").read_text(encoding="utf-8") == "old"
    with pytest.raises(ValueError, match="names no format"):
        client.download("pas_1", tmp_path / "events.xlsx")
    with pytest.raises(pk.NotFoundError):
        client.download("pas_unknown", tmp_path / "events.json")
    assert [file.name for file in tmp_path.iterdir()] == ["events.json"]


# --- the sandbox's log


def post(own, path, **body):
    """Send a call to the sandbox's audit service; gives the reply."""
    import requests

    url = own.env["PANGEA_BASE_URL_TEMPLATE"].format(SERVICE_NAME="audit") + path
    body["config_id"] = own.env["PANGEA_AUDIT_CONFIG_ID"]
    headers = {"Authorization": f"Bearer {own.env['PANGEA_AUDIT_TOKEN']}"}
    return requests.post(url, json=body, headers=headers, timeout=10)


def test_logged_events_are_found_and_verify(client, own):
    """Events that are logged, one or many, are found by a search under the unpublished root."""
    first = post(own, "/v1/log", event={"message": "one"}, verbose=True).json()["result"]
    second = post(
        own,
        "/v1/log",
        event={"message": "two"},
        verbose=True,
        prev_root=first["unpublished_root"],
    ).json()["result"]
    assert second["consistency_proof"]
    bulk = post(own, "/v2/log", events=[{"event": {"message": f"m{n}"}} for n in range(3)])
    assert len(bulk.json()["result"]["results"]) == 3
    assert post(own, "/v2/log_async", events=[{"event": {"message": "x"}}]).status_code == 202
    frame = client.search('message:"one" OR message:"m2"', start="2026-06-01T12:00:00Z")
    assert column(frame, "message") == ["one", "m2"]
    assert pk.pangea.verify(frame).verdict == "intact"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/log", {"event": {"message": ""}}),
        ("/v1/log", {"event": {"message": "m", "colour": "red"}}),
        ("/v1/log", {"event": {"message": "m", "mfa": "yes"}}),
        ("/v1/log", {"event": {"message": "m"}, "unknown": 1}),
        ("/v2/log", {"events": []}),
        ("/v2/log", {"events": [5]}),
        ("/v1/export", {"format": "xlsx"}),
        ("/v1/export", {"query": "x"}),
    ],
)
def test_what_logging_and_export_refuse(own, path, body):
    """Events against the schema and unknown fields are ValidationErrors."""
    assert post(own, path, **body).json()["status"] == "ValidationError"


def test_an_export_is_downloaded_by_its_request(own):
    """An export answers later; then its request id gives a file without query or limit."""
    import requests

    accepted = post(own, "/v1/export", format="json", start="30d")
    assert accepted.status_code == 202
    key = accepted.json()["request_id"]
    link = post(own, "/v1/download_results", request_id=key, format="json").json()["result"]
    document = requests.get(link["dest_url"], timeout=10).json()
    assert document["count"] >= 400


def test_the_early_404_is_a_switch():
    """With `early_404=False` the first poll has the answer, as clients without patience need."""
    with sandbox.start(incidents=2, audit_events=20, early_404=False) as services:
        import requests

        accepted = post(services, "/v1/search", query="", start="30d").json()
        headers = {"Authorization": f"Bearer {services.env['PANGEA_AUDIT_TOKEN']}"}
        reply = requests.get(accepted["result"]["location"], headers=headers, timeout=10)
        assert reply.status_code == 200


def test_arweave_gives_ten_edges_unless_asked(own):
    """As Arweave does: ten edges by default, and it refuses a token."""
    import requests

    log = own.organisation.pangea
    sizes = ", ".join(f'"{size}"' for size in range(1, 16))
    query = (
        f'{{transactions(tags: [{{name: "tree_size", values: [{sizes}]}}, '
        f'{{name: "tree_name", values: ["{log.tree_name}"]}}]) {{edges {{node {{id}}}}}}}}'
    )
    url = own.env["PANGEA_ARWEAVE_URL"] + "/graphql"
    answer = requests.post(url, json={"query": query}, timeout=10).json()
    assert len(answer["data"]["transactions"]["edges"]) == 10
    more = query.replace("(tags", "(first: 12 tags")
    answer = requests.post(url, json={"query": more}, timeout=10).json()
    assert len(answer["data"]["transactions"]["edges"]) == 12
    headers = {"Authorization": "Bearer x"}
    assert requests.post(url, json={"query": query}, headers=headers, timeout=10).status_code == 400


def test_saved_roots_prove_too(client, own, tmp_path):
    """Roots and events survive `save` and `load`, and prove as before."""
    frame = client.search(start=START)
    roots = client.roots(frame)
    pk.save(frame, tmp_path / "events.parquet")
    pk.save(roots, tmp_path / "roots.parquet")
    found = pk.pangea.verify(
        pk.load(tmp_path / "events.parquet"), roots=pk.load(tmp_path / "roots.parquet")
    )
    before = pk.pangea.verify(frame, roots=roots)
    pd.testing.assert_frame_equal(found.events, before.events)
