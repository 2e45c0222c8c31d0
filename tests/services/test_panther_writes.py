"""Saving and deleting content: checked first, sent once, told record by record."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import pandakit as pk
from pandakit import detections, sandbox
from pandakit.panther import Panther
from tests.fuzz import examples
from tests.services.conftest import Script, column, hurried
from tests.tokens import PANTHER

RULE = {"id": "New.Rule", "body": "def rule(event):\n    return True\n", "severity": "LOW"}
KINDS = {
    "rules": RULE,
    "scheduled_rules": RULE,
    "simple_rules": {"id": "New.Simple", "detection": "[]", "severity": "LOW"},
    "correlation_rules": {"id": "New.Correlation", "detection": "[]", "severity": "LOW"},
    "policies": RULE | {"body": "def policy(resource):\n    return True\n"},
    "globals": {"id": "new_helpers", "body": "X = 1\n"},
    "data_models": {"id": "New.Model", "mappings": [{"name": "a", "path": "b"}]},
    "queries": {"name": "new query", "sql": "select 1", "schedule_rate_minutes": 60},
}


@pytest.fixture
def services():
    """A sandbox that a test may write to."""
    with sandbox.start(incidents=1, audit_events=1) as running:
        yield running


@pytest.fixture
def client(services):
    """A client of that sandbox."""
    with Panther(services.urls["panther"], services.env["PANTHER_API_TOKEN"]) as made:
        yield hurried(made)


def writes(services, since=0):
    """Name the calls that are no reads."""
    return [
        (call.method, call.path) for call in services.control.calls[since:] if call.method != "GET"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_created_updated_and_deleted(services, client, kind):
    """Dry runs only read; then a record is created, changed, found unchanged, and deleted."""
    row = KINDS[kind]
    assert column(client.save(kind, row, create=True), "status") == ["would_create"]
    assert client.save(kind, row | {"id": "gone"})["status"].tolist() == ["missing"]
    assert writes(services) == []
    created = client.save(kind, row, create=True, dry_run=False)
    assert created[["status", "status_code"]].to_numpy().tolist() == [["created", 200]]
    key = created["id"][0]
    assert client.save(kind, row, create=True, dry_run=False)["status"].tolist() == ["conflict"]
    change = {"id": key, "description": "changed"}
    if kind == "scheduled_rules":
        change |= {"tags": ["a"]}
    plan = client.save(kind, change)
    assert plan["status"].tolist() == ["would_update"]
    assert set(plan["changed"][0]) == set(change) - {"id"}
    assert client.save(kind, change, dry_run=False)["status"].tolist() == ["updated"]
    assert client.save(kind, change, dry_run=False)["status"].tolist() == ["unchanged"]
    saved = client.get(kind, key)
    assert saved["description"][0] == "changed"
    name = "sql" if kind == "queries" else "mappings" if kind == "data_models" else "severity"
    if kind != "globals":
        assert saved[name][0] == row[name]
    assert client.delete(kind, key)["status"].tolist() == ["would_delete"]
    assert client.delete(kind, [key], dry_run=False)["status"].tolist() == ["deleted"]
    assert client.delete(kind, key, dry_run=False)["status"].tolist() == ["missing"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_that_is_saved_as_it_came_is_unchanged(services, client, kind):
    """Every row is unchanged, nothing is sent, and the lookup costs list pages, not records."""
    frame = getattr(client, kind)()
    before = len(services.control.calls)
    result = client.save(kind, frame, dry_run=False)
    assert set(result["status"]) == {"unchanged"}
    assert result["id"].tolist() == frame["id"].tolist()
    assert len(services.control.calls) - before <= 3
    assert writes(services) == []


def test_a_part_of_all_detections_can_be_saved(services, client):
    """A row of `detections()` has the columns of other kinds, all missing; they are no matter."""
    frame = client.detections()
    mine = frame[frame["kind"] == "policies"].head(2)
    result = client.save("policies", mine.assign(description="x"))
    assert result["status"].tolist() == ["would_update"] * 2
    with pytest.raises(ValueError, match="row 0, column kind: 'policies' is not 'rules'"):
        client.save("rules", mine[["id", "kind"]])


def test_missing_stays_and_empty_clears(services, client):
    """A missing value or column is kept, an empty one cleared; the rest of the object stays."""
    full = RULE | {"tags": ["a"], "reports": {"F": ["1"]}, "runbook": "look", "threshold": 3,
                   "enabled": True}  # fmt: skip
    client.save("rules", full, create=True, dry_run=False)
    for change in (
        {"tags": [], "runbook": "", "reports": {}},
        {"description": None, "threshold": pd.NA, "enabled": np.nan},
    ):
        client.save("rules", {"id": RULE["id"], **change}, dry_run=False)
    (row,) = (r for r in services.organisation.panther["rules"] if r["id"] == RULE["id"])
    assert (row["tags"], row["runbook"], row["reports"]) == ([], "", {})
    assert (row["threshold"], row["enabled"], row["body"]) == (3, True, RULE["body"])
    assert client.save("rules", {"id": RULE["id"], "tags": []})["status"][0] == "unchanged"


def test_true_is_not_one(client):
    """A value of another type is a change, however deep it stands."""
    rule = RULE | {"id": "Typed", "tests": [{"name": "t", "expectedResult": True, "log": {"a": 1}}]}
    client.save("rules", rule, create=True, dry_run=False, run_tests_first=False)
    tests = [{"name": "t", "expectedResult": True, "log": {"a": True}}]
    plan = client.save("rules", {"id": "Typed", "tests": tests})
    assert plan[["status", "changed"]].to_numpy().tolist() == [["would_update", ["tests"]]]
    client.delete("rules", "Typed", dry_run=False)


def test_results_come_in_the_order_of_the_records(services, client):
    """Mixed outcomes stand where their records stood."""
    ids = client.rules()["id"].tolist()
    records = [{"id": ids[1], "threshold": 9}, {"id": "gone"}, {"id": ids[0], "tags": ["x"]}]
    result = client.save("rules", records, dry_run=False)
    assert result["id"].tolist() == [ids[1], "gone", ids[0]]
    assert result["status"].tolist() == ["updated", "missing", "updated"]
    assert [path for _, path in writes(services)] == [f"/rules/{ids[1]}", f"/rules/{ids[0]}"]


def test_unit_tests_block_a_save(services, client):
    """Failing tests stop the save and come as a table; without them, or alone, they can be run."""
    key = client.rules()["id"][3]  # its first test fails
    change = {"id": key, "threshold": 99}
    blocked = client.save("rules", change, dry_run=False)
    assert blocked[["status", "status_code"]].to_numpy().tolist() == [["tests_failed", 400]]
    results = client.test_results(blocked)
    assert results["passed"].tolist() == [False, True]
    assert results["detection"].tolist() == ["false", "false"]
    assert client.save("rules", change)["status"][0] == "would_update"
    local = detections.run_tests(
        pd.concat(
            [client.get("rules", key), client.globals()], keys=["rules", "globals"], names=["kind"]
        ).reset_index("kind")
    )
    assert len(detections.compare_tests(local, results)) == 0
    only = client.save("rules", change, dry_run=False, run_tests_only=True)
    assert only["status"].tolist() == ["tests_failed"]
    good = client.save("rules", client.rules().iloc[[0]], dry_run=False, run_tests_only=True)
    assert good[["status", "status_code"]].to_numpy().tolist() == [["tested", 204]]
    forced = client.save("rules", change, dry_run=False, run_tests_first=False)
    assert forced["status"].tolist() == ["updated"]
    assert client.test_results(forced).dtypes.to_dict() == results.dtypes.to_dict()


@pytest.mark.parametrize(
    ("kind", "records", "settings", "error", "words"),
    [
        ("rule", [], {}, ValueError, "kind='rule': must be one of rules"),
        ("rules", "x", {}, TypeError, "records is str"),
        ("rules", [1], {}, TypeError, "row 0 is int"),
        ("rules", [{"threshold": 1}], {}, ValueError, "row 0, column id: it is missing"),
        ("rules", [{"id": " "}], {}, ValueError, "row 0, column id"),
        ("rules", [{"id": 7}], {}, TypeError, "row 0, column id"),
        ("rules", [{"id": "a"}, {"id": "a"}], {}, ValueError, "row 1, column id: 'a' is in row 0"),
        ("queries", [{"name": "a", "sql": "x"}], {}, ValueError, "row 0, column id"),
        ("queries", [{"name": "a", "sql": "x"}] * 2, {"create": True}, ValueError, "row 1, column"),
        ("rules", [{"id": "a", "colour": "red"}], {}, ValueError, "row 0, column colour: unknown"),
        ("rules", [{"id": "a", "displayName": "x"}], {}, ValueError, "row 0, column displayName"),
        ("rules", [{"id": "a", "sql": "x"}], {}, ValueError, "sql: unknown .rules have none"),
        ("rules", [{"id": "a", "severity": "URGENT"}], {}, ValueError, "column severity: 'URGENT'"),
        ("rules", [{"id": "a", "threshold": 0}], {}, ValueError, "column threshold: 0"),
        ("rules", [{"id": "a", "dedup_period_minutes": -5}], {}, ValueError, "at least 1"),
        ("rules", [{"id": "a", "threshold": "5"}], {}, TypeError, "column threshold: str"),
        ("rules", [{"id": "a", "threshold": True}], {}, TypeError, "column threshold: bool"),
        ("rules", [{"id": "a", "enabled": 1}], {}, TypeError, "column enabled: int"),
        ("rules", [{"id": "a", "tags": "x"}], {}, TypeError, "column tags: str"),
        ("rules", [{"id": "a", "tags": [1]}], {}, TypeError, "column tags: a list with int"),
        ("rules", [{"id": "a", "tests": [{}]}], {}, ValueError, "tests: an item has no name"),
        ("rules", [{"id": "a", "tests": [{"name": "t", "log": float("nan")}]}], {}, ValueError,
         "column tests: it is no JSON"),
        ("rules", [{"id": "a"}, {"id": "b", "runbook": "\ud800"}], {}, ValueError,
         "row 1, column runbook: text that UTF-8"),
        ("queries", [{"id": "\ud800", "sql": "x"}], {}, ValueError, "row 0, column id"),
        ("rules", [{"id": "a", "reports": [1]}], {}, TypeError, "column reports: list"),
        ("rules", [{"id": "a", "body": " "}], {}, ValueError, "column body: it is blank"),
        ("rules", [{"id": "a", "body": "x"}], {"create": True}, ValueError, "column severity"),
        ("rules", [RULE], {"run_tests_only": True}, ValueError, "dry_run=False"),
        ("globals", [{"id": "a"}], {"run_tests_only": True, "dry_run": False}, ValueError, "no u"),
    ],
)  # fmt: skip
def test_records_are_checked_before_anything_is_sent(
    panther_at, kind, records, settings, error, words
):
    """What is wrong is named with row and column, and not even a read is sent."""
    client, calls = panther_at(lambda _: {"results": []})
    with pytest.raises(error, match=words):
        client.save(kind, records, **settings)
    assert calls == []


@pytest.mark.parametrize(
    ("ids", "error", "words"),
    [
        (["a", "a"], ValueError, "row 1, column id: 'a' is in row 0"),
        ([""], ValueError, "row 0, column id"),
        ([None], ValueError, "row 0, column id: it is missing"),
        ([7], TypeError, "row 0, column id"),
        (["\ud800"], ValueError, "row 0, column id"),
        (pd.DataFrame({"key": ["a"]}), ValueError, "no column id"),
    ],
)
def test_ids_are_checked_before_anything_is_sent(panther_at, ids, error, words):
    """So are ids that are to be deleted."""
    client, calls = panther_at(lambda _: {"results": []})
    with pytest.raises(error, match=words):
        client.delete("rules", ids, dry_run=False)
    assert calls == []


def test_what_is_sent_is_what_may_be_written(panther_at):
    """Bodies have no read-only field and no null; ids stand where the service wants them."""
    current = {"id": "a/b", "body": "x", "severity": "LOW", "createdAt": "2026-01-01T00:00:00Z",
               "createdBy": {"id": "u"}, "createdByExternal": "ci", "lastModified": None,
               "description": None, "tags": ["t"], "newField": 1}  # fmt: skip
    client, calls = panther_at(lambda r: current if r.method == "GET" else {"data": {"id": "a/b"}})
    row = {"id": "a/b", "enabled": False,
           "tests": [{"name": "t", "expectedResult": True, "log": {"n": None}, "resource": None,
                      "mocks": [{"objectName": "f", "returnValue": True}]}]}  # fmt: skip
    client.save("rules", row, dry_run=False, run_tests_first=False)
    client.save("globals", {"id": "a/b", "tags": []}, dry_run=False)
    rule, helper = (call for call in calls if call.method == "PUT")
    assert rule.environ["REQUEST_URI"].startswith("/rules/a%2Fb?")
    assert dict(rule.args) == {"run-tests-first": "false", "run-tests-only": "false"}
    assert json.loads(rule.get_data()) == {
        "id": "a/b", "body": "x", "severity": "LOW", "tags": ["t"], "enabled": False,
        "tests": [{"name": "t", "expectedResult": True, "log": {"n": None},
                   "mocks": [{"objectName": "f", "returnValue": "true"}]}],
    }  # fmt: skip
    assert json.loads(helper.get_data()) == {"body": "x", "tags": []}
    assert dict(helper.args) == {}


def requests_of_a_dry_run(panther_at, positions, rows):
    """Count the requests of a dry run that saves the rows at some positions (pages of ten)."""
    ids = [f"r{n}" for n in range(rows)]

    def answer(request):
        if request.path != "/rules":
            return {"id": request.path.rsplit("/", 1)[1]}
        start = int(request.args.get("cursor") or 0)
        more = {"next": str(start + 10)} if start + 10 < len(ids) else {}
        return {"results": [{"id": key} for key in ids[start : start + 10]], **more}

    client, calls = panther_at(answer)
    records = [{"id": ids[position], "threshold": 2} for position in positions]
    result = client.save("rules", records)
    assert set(result["status"]) == {"would_update"}
    return len(calls)


@pytest.mark.parametrize(
    ("positions", "pages", "requests"),
    [
        ([0], 9, 1),
        ([0, 1], 1, 1),
        ([0, 10], 9, 2),
        ([10, 11], 2, 2),
        (range(40), 4, 4),
        (range(40, 50), 5, 5),
    ],
)
def test_a_dry_run_asks_little(panther_at, positions, pages, requests):
    """No more requests than records or list pages, whichever is fewer."""
    assert requests_of_a_dry_run(panther_at, positions, 10 * pages) == requests


@pytest.mark.parametrize(("records", "pages"), [(2, 9), (5, 9), (9, 9), (12, 15)])
def test_a_dry_run_never_asks_twice_as_much_as_it_must(panther_at, records, pages):
    """At most twice the records or list pages, whichever is fewer, for the last rows of a list."""
    positions = range(10 * pages - records, 10 * pages)
    requests = requests_of_a_dry_run(panther_at, positions, 10 * pages)
    assert requests <= 2 * min(records, pages)


@pytest.mark.parametrize("positions", [range(3), range(21, 24), [0, 10, 20, 21], range(19, 24)])
def test_records_of_a_list_that_was_loaded_are_found_by_the_fewest_requests(panther_at, positions):
    """Where a load has shown how long the list is, no more requests than records or pages."""
    ids = [f"r{n}" for n in range(2_400)]

    def answer(request):
        if request.path != "/rules":
            return {"id": request.path.rsplit("/", 1)[1]}
        start = int(request.args.get("cursor") or 0)
        stop = start + int(request.args["limit"])
        more = {"next": str(stop)} if stop < len(ids) else {}
        return {"results": [{"id": key} for key in ids[start:stop]], **more}

    client, calls = panther_at(answer)
    rules = client.rules().iloc[[100 * position for position in positions]]
    for plan in (lambda: client.save("rules", rules.assign(threshold=2)),
                 lambda: client.delete("rules", rules)):  # fmt: skip
        calls.clear()
        assert set(plan()["status"]) <= {"would_update", "would_delete"}
        assert len(calls) <= min(len(rules), 3)


# Faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, pk.AuthenticationError), (403, pk.PermissionDeniedError), (503, pk.ServerError)],
)
def test_a_refusal_carries_the_rows_so_far(panther_at, status, error):
    """401, 403 and 503 raise with the rows so far; `resume` sends the rest, and nothing twice."""
    broken = [True]

    def answer(request):
        if request.method == "GET":
            return {"results": [{"id": key} for key in "abc"]}
        if request.path == "/rules/b" and broken[0]:
            return {"message": "not now"}, status
        return {"id": request.path[-1]}

    client, calls = panther_at(answer)
    records = [{"id": key, "threshold": 2} for key in "abc"]
    with pytest.raises(error, match="1 of 3 rules were done") as caught:
        client.save("rules", records, dry_run=False)
    assert caught.value.partial[["id", "status"]].to_numpy().tolist() == [["a", "updated"]]
    assert not caught.value.partial.attrs["pandakit"]["complete"]
    broken[0] = False
    before = len(calls)
    whole = caught.value.resume()
    assert whole["status"].tolist() == ["updated"] * 3
    assert [call.path for call in calls[before:]] == ["/rules/b", "/rules/c"]
    assert PANTHER not in str(caught.value)


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("status", [500, 502])
def test_a_lost_answer_is_looked_up(panther_at, create, arrives, status):
    """A write that arrived is told as such; one that did not raises; no POST is repeated."""
    stored = {} if create else {"a": {"id": "a", "body": "x", "severity": "LOW"}}

    def answer(request):
        if request.method == "GET":
            key = request.path.rpartition("/")[2]
            return stored.get(key) or ({"message": "no such rule"}, 404)
        if arrives:
            stored["a"] = {**json.loads(request.get_data()), "id": "a", "createdAt": None}
        return "<html>gateway</html>", status

    client, calls = panther_at(answer)
    row = {"id": "a", "body": "y", "severity": "LOW"}
    save = lambda: client.save("rules", row, create=create, dry_run=False)  # noqa: E731
    if arrives:
        result = save()
        assert result["status"].tolist() == ["created" if create else "updated"]
        assert "lost" in result["message"][0]
    else:
        wanted = pk.ServerError if status == 500 else pk.OutcomeUnknownError
        with pytest.raises(wanted) as caught:
            save()
        assert len(caught.value.partial) == 0
        with pytest.raises((pk.OutcomeUnknownError, pk.ServerError)):
            caught.value.resume()
    methods = [call.method for call in calls if call.method != "GET"]
    assert methods.count("POST") == create
    assert methods.count("PUT") == (not create) * (1 if arrives else 2)


@pytest.mark.parametrize("gone", [True, False])
def test_a_lost_answer_to_a_deletion_is_looked_up(panther_at, gone):
    """What is gone was deleted; what is still there is an error that can be resumed."""
    stored, fails = {"a": {"id": "a"}}, [True]

    def answer(request):
        if request.method == "GET":
            return stored.get("a") or ({"message": "no"}, 404)
        if gone or not fails[0]:
            stored.pop("a", None)
        return ("", 502) if fails[0] else ({}, 204)

    client, _ = panther_at(answer)
    if gone:
        assert client.delete("rules", "a", dry_run=False)["status"].tolist() == ["deleted"]
        return
    with pytest.raises(pk.OutcomeUnknownError) as caught:
        client.delete("rules", "a", dry_run=False)
    fails[0] = False
    assert caught.value.resume()["status"].tolist() == ["deleted"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"message": "bad log type"}, "refused"),
        (400, {"message": "m", "testResults": [{"name": "t", "passed": False}]}, "tests_failed"),
        (404, {"message": "gone"}, "missing"),
        (409, {"message": "exists"}, "conflict"),
        (204, "", "tested"),
        (201, {"id": "a"}, "updated"),
    ],
)
def test_every_answer_has_its_status(panther_at, status, body, expected):
    """Each answer of the service becomes a status with its code and words."""
    client, _ = panther_at(lambda r: {"id": "a"} if r.method == "GET" else (body, status))
    result = client.save("rules", {"id": "a", "threshold": 5}, dry_run=False)
    assert result["status"].tolist() == [expected]
    assert result["status_code"].tolist() == [status]
    if isinstance(body, dict) and "message" in body:
        assert result["message"].tolist() == [body["message"]]
    refused = client.delete("rules", "a", dry_run=False)["status"][0]
    assert refused == {400: "refused", 404: "missing", 409: "refused"}.get(status, "deleted")


class Tenant:
    """A model of the service's rules, with faults that a script decides."""

    def __init__(self, rules, faults):
        self.rules = dict(rules)
        self.faults = iter(faults)
        self.posts = []

    def __call__(self, request):
        """Answer a request."""
        key = request.path.removeprefix("/rules").lstrip("/")
        if request.method == "GET":
            return self.read(key)
        fault = next(self.faults, None)
        body = json.loads(request.get_data() or b"{}")
        if fault != "before":
            answer = self.write(request.method, key or body.get("id"), body)
        if request.method == "POST":
            self.posts.append(body["id"])
        return ("", 502) if fault in ("before", "after") else answer

    def read(self, key):
        """Answer a GET."""
        if not key:
            return {"results": list(self.rules.values())}
        return self.rules.get(key) or ({"message": "no"}, 404)

    def write(self, method, key, body):
        """Take in a write that arrives."""
        if method == "DELETE":
            return ({}, 204) if self.rules.pop(key, None) else ({"message": "no"}, 404)
        if method == "POST" and key in self.rules:
            return {"message": "exists"}, 409
        self.rules[key] = body
        return body


KEYS = st.lists(st.sampled_from("abcd"), unique=True, min_size=1)
PLANNED = {"would_create": "created", "would_update": "updated", "would_delete": "deleted"}
FAULTS = st.lists(st.sampled_from([None, None, "before", "after"]), max_size=6)


@examples(quick=15, full=1_000)
@given(
    there=KEYS,
    steps=st.lists(
        st.tuples(st.sampled_from(["save", "create", "delete"]), KEYS, st.integers(1, 3)),
        max_size=4,
    ),
    faults=FAULTS,
)
def test_a_tenant_ends_as_its_answers_say(there, steps, faults):
    """Law: whatever is lost on the way, what is reported is what the tenant has."""
    tenant = Tenant({key: RULE | {"id": key, "threshold": 1} for key in there}, faults)
    model = dict.fromkeys(there, 1)
    with Script(tenant) as script, hurried(Panther(script.url, PANTHER)) as client:
        for what, keys, threshold in steps:
            rows = [RULE | {"id": key, "threshold": threshold} for key in keys]

            def run(*, dry_run, what=what, keys=keys, rows=rows):
                if what == "delete":
                    return client.delete("rules", keys, dry_run=dry_run)
                return client.save("rules", rows, create=what == "create", dry_run=dry_run)

            planned, posts = run(dry_run=True), len(tenant.posts)
            try:
                done = run(dry_run=False)
            except pk.PandakitError as error:
                done = error.partial
                assert len(done) < len(keys)
            expected = [PLANNED.get(status, status) for status in planned["status"]]
            assert done["status"].tolist() == expected[: len(done)]
            assert len(set(tenant.posts[posts:])) == len(tenant.posts[posts:])
            for key, status in zip(done["id"], done["status"], strict=True):
                if status in {"created", "updated"}:
                    model[key] = threshold
                elif status == "deleted":
                    del model[key]
            if len(done) < len(keys):  # the answer about this one was lost, and said to be
                key = keys[len(done)]
                model.pop(key, None)
                model |= {key: tenant.rules[key]["threshold"]} if key in tenant.rules else {}
            assert {key: row["threshold"] for key, row in tenant.rules.items()} == model
