"""Enrichment uploads in the sandbox: what is accepted, what is refused, and how jobs go."""

import json
import tracemalloc
from itertools import chain, repeat

import pytest
import requests

from pandakit import sandbox

TRUNCATED = "Stream finished but there was a truncated final frame in the buffer"
GOOD = b"host,owner_team,tier\na-01,payments,tier-1\na-02,web,tier-2\n"


@pytest.fixture
def upload(fresh):
    """Post a body to the map of the first schema (v2.1 unless told)."""
    schema = fresh.services.organisation.bigpanda["schemas"][0]["id"]

    def post(data=GOOD, *, old=False, kind="text/csv; charset=utf8"):
        root = "/resources/v1.0/enrichments" if old else "/resources/v2.1/mapping-enrichment"
        return fresh.bigpanda(f"{root}/{schema}/map", "POST", org=old, kind=kind, data=data)

    post.ask, post.path = fresh, f"/resources/v2.1/mapping-enrichment/{schema}/map"
    return post


def states(upload, answer, looks=4):
    """Look at the job so often; give what it said, or the status of the refusal."""
    place = answer.headers["Location"]
    org = "/v1.0/" in place
    return [upload.ask.bigpanda(place, org=org).json()["status"] for _ in range(looks)]


def table(upload, **params):
    """Read a page of the table."""
    return upload.ask.bigpanda(upload.path, **params).json()


def test_a_table_is_replaced_when_its_job_is_done(upload):
    """202 names the job; it is pending, started, then done; only then the new table is there."""
    before = table(upload)
    answer = upload()
    assert answer.status_code == 202
    assert answer.json()["job_id"] in answer.headers["Location"]
    assert states(upload, answer, 2) == ["pending", "started"]
    assert table(upload) == before
    assert states(upload, answer, 2) == ["done", "done"]
    assert table(upload) == {
        "items": [
            {"host": "a-01", "owner_team": "payments", "tier": "tier-1"},
            {"host": "a-02", "owner_team": "web", "tier": "tier-2"},
        ],
        "total_results": 2,
    }


def test_version_one_works_with_the_org_token(upload):
    """The older path takes the Org Token, has its own jobs and counts with total_count."""
    answer = upload(old=True)
    assert answer.status_code == 202
    assert answer.headers["Location"].startswith("/resources/v1.0/enrichment-jobs/")
    assert states(upload, answer)[-1] == "done"
    path = upload.path.replace("v2.1/mapping-enrichment", "v1.0/enrichments")
    assert upload.ask.bigpanda(path, org=True).json()["total_count"] == 2


def test_the_seeded_table_can_be_read_by_page(upload):
    """The table that is there from the start gives all its rows over several pages."""
    rows = upload.ask.services.organisation.bigpanda["tables"]
    expected = next(iter(rows.values()))
    found = []
    for page in range(1, 1 + -(-len(expected) // 50)):
        found += table(upload, page=page, per_page=50)["items"]
    assert found == expected
    assert table(upload)["total_results"] == len(expected)


def test_columns_may_come_in_any_order_and_cells_may_be_quoted(upload):
    """The header decides which column is which; quotes, commas and unicode survive."""
    data = 'tier,"host",owner_team\n"a ""b"", c",Ærø-01,"=x|y"\n'.encode()
    states(upload, upload(data))
    assert table(upload)["items"] == [{"tier": 'a "b", c', "host": "Ærø-01", "owner_team": "=x|y"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD[:-1], TRUNCATED),
        (GOOD.replace(b"\n", b"\r\n"), TRUNCATED),
        (GOOD.replace(b"\n", b"\r"), TRUNCATED),
        (b'host,owner_team,tier\n"a","b","c "\n', TRUNCATED),
        (b"", "missing columns: host, owner_team, tier"),
        (b"host,owner_team,tier\n", "at least two rows"),
        (b"host,tier\na,b\n", "missing columns: owner_team"),
        (b"Host,owner_team,tier\na,b,c\n", "missing columns: host"),
        (b"\xef\xbb\xbfhost,owner_team,tier\na,b,c\n", "missing columns: host"),
        (b"host,owner_team,tier,x\na,b,c,d\n", "not in the schema: x"),
        (b"host,owner_team,tier,tier\na,b,c,d\n", "there twice"),
        (b"host,owner_team,tier\na,b\n", "line 2: 2 values, 3 columns"),
        (GOOD + b"\n", "line 4: 0 values, 3 columns"),
        (b'host,owner_team,tier\na,"b\nc",d\n', "line breaks inside a value"),
        (b"host,owner_team,tier\na,b,\xff\n", "line 2: not UTF-8"),
    ],
)
def test_what_is_not_a_table_of_the_schema_is_refused_at_once(upload, data, message):
    """Each fault of form answers 400 with its message, and the old table stays."""
    before = table(upload)
    answer = upload(data)
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]
    assert table(upload) == before


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GOOD + b"a-01,payments,tier-1\n", "1 duplicate rows"),
        (GOOD + b'"a-01","payments","tier-1"\n', "1 duplicate rows"),
        (GOOD + b"b," + b"x" * 32_769 + b",c\n", "row 3: a value exceeds 32K"),
    ],
)
def test_bad_rows_fail_the_job(upload, data, message):
    """Equal rows and values above 32K are accepted first, then the job fails and says why."""
    before = table(upload)
    answer = upload(data)
    assert answer.status_code == 202
    assert states(upload, answer)[-1] == "failed"
    last = upload.ask.bigpanda(answer.headers["Location"]).json()
    assert message in last["errors"][0]
    assert table(upload) == before


def test_a_value_of_exactly_32k_is_accepted(upload):
    """32,768 characters pass, whatever their width in bytes."""
    data = "host,owner_team,tier\nb,{},c\n".format("é" * 32_768).encode()
    assert states(upload, upload(data))[-1] == "done"


def test_other_refusals(upload):
    """Another content type, an unknown map and an unknown job are refused."""
    assert upload(kind="application/json").status_code == 400
    assert upload.ask.bigpanda(upload.path.replace("/map", "x/map")).status_code == 404
    assert upload.ask.bigpanda("/resources/v2.1/alert-enrichments-jobs/x").status_code == 404
    assert upload.ask.bigpanda(upload.path, per_page=1_001).status_code == 400


def test_a_failing_job_says_the_planned_message(upload):
    """A job that is planned to fail ends so, with its message, and keeps the old table."""
    before = table(upload)
    upload.ask.services.control.plan_job("failed", message=TRUNCATED, looks=0)
    answer = upload()
    assert states(upload, answer, 1) == ["failed"]
    assert upload.ask.bigpanda(answer.headers["Location"]).json()["errors"] == [TRUNCATED]
    assert table(upload) == before


def test_jobs_can_be_lost_and_stuck(upload):
    """A lost job is seen once and then unknown; a stuck one never ends; plans go in order."""
    upload.ask.services.control.plan_job("lost")
    upload.ask.services.control.plan_job("stuck", location=False)
    lost, stuck, usual = upload(), upload(), upload()
    assert states(upload, lost, 3) == ["pending", 404, 404]
    assert "Location" not in stuck.headers
    trigger = "/resources/v2.1" + stuck.json()["trigger_uri"]
    seen = [upload.ask.bigpanda(trigger).json()["status"] for _ in range(9)]
    assert seen == ["pending"] + ["started"] * 8
    assert states(upload, usual)[-1] == "done"


def test_a_later_table_is_not_undone_by_a_look_at_an_older_job(upload):
    """Looking again at a job that is long done changes nothing."""
    first = upload()
    states(upload, first)
    states(upload, upload(b"host,owner_team,tier\nz,z,z\n"))
    assert states(upload, first)[-1] == "done"
    assert table(upload)["total_results"] == 1


def test_a_new_schema_can_be_made_and_filled(fresh):
    """POST makes a schema (201); its table takes the columns of its fields."""
    fields = [{"title": "q", "type": "query_tag"}, {"title": "r", "type": "result_tag"}]
    body = json.dumps({"type": "mapping", "config": {"name": "n", "fields": fields}})
    made = fresh.bigpanda("/resources/v2.1/mapping-enrichment", "POST", data=body)
    assert made.status_code == 201
    path = f"/resources/v2.1/mapping-enrichment/{made.json()['id']}"
    assert fresh.bigpanda(path).json() == made.json()
    assert fresh.bigpanda(f"{path}/map").json() == {"items": [], "total_results": 0}
    sent = fresh.bigpanda(f"{path}/map", "POST", kind="text/csv", data=b"q,r\n1,2\n")
    assert sent.status_code == 202
    bad = fresh.bigpanda("/resources/v2.1/mapping-enrichment", "POST", data='{"config": {}}')
    assert bad.status_code == 400


def test_a_refused_table_can_be_rehearsed(upload):
    """A planned answer stands in for the service, once."""
    upload.ask.services.control.answer(
        "bigpanda", "/map$", 400, '{"status": 400, "errors": ["no"]}'
    )
    assert upload().json()["errors"] == ["no"]
    assert upload().status_code == 202


def test_large_uploads_are_streamed(upload):
    """33 MB of rows, sent in chunks without a declared size, take less than 15 MB more
    memory, and any page of them can be read.
    """
    lines = 30_000
    rows = (b"host-%08d,%s,tier\n" % (n, b"x" * 1_100) for n in range(lines))
    blocks = (b"".join(block) for block in zip(*repeat(rows, 1_000), strict=True))
    body = chain([b"host,owner_team,tier\n"], blocks)
    tracemalloc.start()
    answer = upload(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 202
    assert peak < 15_000_000
    states(upload, answer)
    assert table(upload, per_page=1)["total_results"] == lines
    assert table(upload, page=299, per_page=100)["items"][50]["host"] == "host-00029850"


def test_tables_above_the_limit_are_refused():
    """A declared length above the limit is 413; a body that grows beyond it is refused too."""
    with sandbox.start(incidents=2, audit_events=2, most_upload_bytes=100) as services:
        headers = {
            "Authorization": f"Bearer {services.env['BIGPANDA_API_KEY']}",
            "Content-Type": "text/csv",
        }
        schema = services.organisation.bigpanda["schemas"][0]["id"]
        url = f"{services.urls['bigpanda']}/resources/v2.1/mapping-enrichment/{schema}/map"
        whole, streamed = (
            requests.post(url, data=data, headers=headers, timeout=10)
            for data in (GOOD * 9, iter([GOOD] * 9))
        )
    assert (whole.status_code, streamed.status_code) == (413, 413)
    assert "larger than 100 bytes" in streamed.json()["errors"][0]
