"""Uploading an enrichment table: validated, streamed, followed, and never sent twice blindly."""

import hashlib
import threading

import pandas as pd
import pytest
from werkzeug.wrappers import Response

import pandakit as pk
from pandakit import sandbox
from pandakit.bigpanda import BigPanda
from pandakit.enrichment import EnrichmentSchema, write_enrichment_csv
from tests.services.conftest import bigpanda_of, hurried, told

SCHEMA = {
    "id": "map-1",
    "type": "mapping",
    "config": {
        "name": "owners",
        "fields": [
            {"title": "host", "type": "query_tag"},
            {"title": "owner", "type": "result_tag"},
        ],
    },
}
TABLE = pd.DataFrame({"host": ["db1", "db2"], "owner": ["ann", None]})


@pytest.fixture(scope="module")
def running():
    """A sandbox of its own, since uploads change it."""
    with sandbox.start(requests_per_second=None, incidents=60, audit_events=5) as services:
        yield services


@pytest.fixture(scope="module")
def client(running):
    """A client of that sandbox."""
    with bigpanda_of(running) as made:
        yield made


@pytest.fixture
def schema_id(running):
    """Give the id of the map of host owners."""
    return running.organisation.bigpanda["schemas"][0]["id"]


def table_of(rows=3):
    """Make a table for it, its columns in another order."""
    names = [f"host-{number}" for number in range(rows)]
    return pd.DataFrame({"tier": "tier-1", "host": names, "owner_team": "düsseldorf|köln"})


@pytest.mark.parametrize("version", ["v2.1", "v1.0"])
def test_a_frame_is_uploaded_and_followed_to_its_end(client, schema_id, version):
    """The table at the service equals the frame, in the schema's column order."""
    frame = table_of(250)
    job = client.upload_enrichment(frame, schema_id, api_version=version)
    assert (job.status, job.rows, job.schema_id) == ("done", 250, schema_id)
    stored = client.enrichment_table(schema_id, api_version=version)
    assert list(stored.columns) == ["host", "owner_team", "tier"]
    pd.testing.assert_frame_equal(
        stored.astype(object), frame[list(stored.columns)].astype(object), check_dtype=False
    )
    assert told(stored)["pages"] == 3


def test_a_written_file_and_a_path_are_uploaded_as_they_are(client, schema_id, tmp_path):
    """A `CsvFile` and a path send the file's own bytes: the checksum is that of the file."""
    schema = client.enrichment_schema(schema_id)
    file = write_enrichment_csv(table_of(), schema, tmp_path / "table.csv")
    by_file = client.upload_enrichment(file, schema_id)
    by_path = client.upload_enrichment(str(file.path), schema_id)
    digest = hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert by_file.sha256 == by_path.sha256 == digest
    assert by_file.rows == by_path.rows == 3
    assert by_file.bytes == by_path.bytes == file.path.stat().st_size


def test_a_bad_table_is_not_sent(client, running, schema_id, tmp_path):
    """What the service would refuse is refused here, with the report, before any upload."""
    running.control.calls.clear()
    with pytest.raises(pk.EnrichmentError) as caught:
        client.upload_enrichment(pd.DataFrame({"host": ["a"], "colour": ["red"]}), schema_id)
    assert not caught.value.report.ok
    bad = tmp_path / "windows.csv"
    bad.write_bytes(b"host,owner_team,tier\r\na,b,c\r\n")
    with pytest.raises(pk.EnrichmentError) as caught:
        client.upload_enrichment(bad, schema_id)
    assert not caught.value.report.ok
    assert "POST" not in {call.method for call in running.control.calls}


@pytest.mark.parametrize("form", ["frame", "path", "nothing"])
def test_a_table_without_rows_costs_no_request(client, running, schema_id, tmp_path, form):
    """A frame or a file without rows of values is refused before the service hears of it."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"host,owner_team,tier\n" if form == "path" else b"")
    table = table_of(0) if form == "frame" else path
    running.control.calls.clear()
    with pytest.raises(pk.EnrichmentError, match="no rows") as caught:
        client.upload_enrichment(table, schema_id)
    assert running.control.calls == []
    if form != "nothing":
        assert [each.rule for each in caught.value.report.errors] == ["no_rows"]


def test_a_file_of_another_schema_is_not_sent(client, schema_id, tmp_path):
    """A `CsvFile` whose columns are not the schema's is refused."""
    other = EnrichmentSchema("application", "owner")
    frame = pd.DataFrame({"application": ["a"], "owner": ["b"]})
    file = write_enrichment_csv(frame, other, tmp_path / "other.csv")
    with pytest.raises(pk.EnrichmentError, match="application"):
        client.upload_enrichment(file, schema_id)


def test_a_file_that_changed_is_not_stored(client, running, schema_id, tmp_path):
    """A file that is not what was validated breaks off before its end: the old table stays."""
    schema = client.enrichment_schema(schema_id)
    file = write_enrichment_csv(table_of(), schema, tmp_path / "table.csv")
    before = client.enrichment_table(schema_id)
    file.path.write_bytes(file.path.read_bytes().replace(b"host-1", b"HOST-1"))
    with pytest.raises(pk.EnrichmentError, match="changed"):
        client.upload_enrichment(file, schema_id)
    file.path.write_bytes(b"host,owner_team,tier\na,b,c\n")
    with pytest.raises(pk.EnrichmentError, match="changed"):
        client.upload_enrichment(file, schema_id)
    pd.testing.assert_frame_equal(client.enrichment_table(schema_id), before)


def test_the_frame_is_not_changed(client, schema_id):
    """The caller's frame is the same after an upload."""
    frame = table_of()
    copy = frame.copy(deep=True)
    client.upload_enrichment(frame, schema_id)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_job_is_found_again_by_its_text(client, running, schema_id):
    """Another process finds the job by its id or its URL, and follows it to its end."""
    sent = client.upload_enrichment(table_of(), schema_id, wait=False)
    assert sent.status == "pending"
    with bigpanda_of(running) as other:
        assert other.job(sent.id).status in {"pending", "started"}
        assert other.job(sent.url, wait=True).status == "done"
        assert other.job(sent).status == "done"
        assert other.job(sent.id).schema_id == schema_id


def test_an_unknown_job_is_not_found(client):
    """A job that the service does not know is a NotFoundError."""
    with pytest.raises(pk.NotFoundError):
        client.job("no-such-job_1_indexcsv")


def test_the_job_is_found_without_a_location(client, running, schema_id):
    """Without `Location` the relative `trigger_uri` leads to the job."""
    running.control.plan_job(location=False)
    assert client.upload_enrichment(table_of(), schema_id).status == "done"


def test_a_failed_job_has_the_words_and_advice(client, running, schema_id):
    """A failure is typed, with the service's words, what to do, and that the old table stays."""
    words = "Stream finished but there was a truncated final frame in the buffer"
    running.control.plan_job("failed", message=words)
    with pytest.raises(pk.JobFailedError, match="truncated final frame") as caught:
        client.upload_enrichment(table_of(), schema_id)
    assert "LF" in str(caught.value)
    assert "still in force" in str(caught.value)


def test_a_failed_job_looked_at_once(client, running, schema_id):
    """`job` without waiting gives the state and the service's words, without raising."""
    running.control.plan_job("failed", message="no space", looks=0)
    sent = client.upload_enrichment(table_of(), schema_id, wait=False)
    seen = client.job(sent)
    assert (seen.status, seen.detail) == ("failed", "no space")


def test_a_stuck_job_times_out_and_resumes(client, running, schema_id):
    """A job without an end is a JobTimeoutError that names it and can be waited for again."""
    running.control.plan_job("stuck")
    with pytest.raises(pk.JobTimeoutError, match="indexcsv") as caught:
        client.upload_enrichment(table_of(), schema_id)
    with pytest.raises(pk.JobTimeoutError):
        caught.value.resume()


def test_a_vanished_job_has_an_unknown_outcome(client, running, schema_id):
    """A job that the service forgets is an OutcomeUnknownError, not a failure."""
    running.control.plan_job("lost")
    with pytest.raises(pk.OutcomeUnknownError):
        client.upload_enrichment(table_of(), schema_id)


def uploads(answer, **more):
    """Answer the schema, and the upload with what the function gives."""

    def app(request):
        if request.method == "GET" and request.path.endswith("/map-1"):
            return SCHEMA
        if request.method == "POST":
            return answer(request)
        return more.get("job", {"status": "done"})

    return app


def posts(calls):
    """Keep the uploads of what was asked."""
    return [call for call in calls if call.method == "POST"]


def test_the_token_is_tried_before_the_table_is_sent(bigpanda_at):
    """A refused token is found by the small call for the schema: nothing is uploaded."""
    client, calls = bigpanda_at(lambda _: ({"status": 401, "errors": ["no"]}, 401))
    with pytest.raises(pk.AuthenticationError):
        client.upload_enrichment(TABLE, "map-1")
    assert posts(calls) == []


def test_the_bytes_sent_are_the_bytes_validated(bigpanda_at):
    """The body is the CSV of the frame, with its length and type told."""
    client, calls = bigpanda_at(uploads(lambda _: ({"job_id": "j"}, 202)))
    job = client.upload_enrichment(TABLE, "map-1")
    (post,) = posts(calls)
    body = post.get_data()
    assert body == b'"host","owner"\n"db1","ann"\n"db2",""\n'
    assert hashlib.sha256(body).hexdigest() == job.sha256
    assert post.content_type.startswith("text/csv")
    assert post.content_length == len(body)


def test_a_lost_answer_is_an_unknown_outcome_and_is_not_repeated(bigpanda_at):
    """When nobody knows whether it arrived, the error tells what was sent, and how to look."""
    client, calls = bigpanda_at(uploads(lambda _: ({"status": 502, "errors": ["lost"]}, 502)))
    with pytest.raises(pk.OutcomeUnknownError) as caught:
        client.upload_enrichment(TABLE, "map-1")
    text = str(caught.value)
    body = posts(calls)[0].get_data()
    assert hashlib.sha256(body).hexdigest() in text
    assert f"rows=2, bytes={len(body)}" in text
    assert "verify_upload(table, 'map-1')" in text
    assert len(posts(calls)) == 1


def test_a_busy_service_gets_the_same_bytes_again(bigpanda_at):
    """503 says that nothing was done: the whole body is sent again, once."""
    answers = [({"status": 503, "errors": ["busy"]}, 503), ({"job_id": "j"}, 202)]
    client, calls = bigpanda_at(uploads(lambda _: answers.pop(0)))
    assert client.upload_enrichment(TABLE, "map-1").status == "done"
    first, second = posts(calls)
    assert first.get_data() == second.get_data()


def test_an_answer_without_a_job_is_an_unknown_outcome(bigpanda_at):
    """Accepted, but no job named: it is not sent again, and the error says what was sent."""
    client, calls = bigpanda_at(uploads(lambda _: ({"status": "pending"}, 202)))
    with pytest.raises(pk.OutcomeUnknownError, match="sha256"):
        client.upload_enrichment(TABLE, "map-1")
    assert len(posts(calls)) == 1


def test_a_job_on_a_foreign_host_is_not_asked_for(bigpanda_at, scripted):
    """A `Location` elsewhere never sees the token: without a job id the outcome is unknown."""
    foreign = scripted(lambda _: {"status": "done"})
    accepted = Response("{}", 202, {"Location": foreign.url + "/job"})
    client, _ = bigpanda_at(uploads(lambda _: accepted))
    with pytest.raises(pk.OutcomeUnknownError, match="not its own"):
        client.upload_enrichment(TABLE, "map-1")
    assert foreign.calls == []


def test_a_job_with_an_id_is_followed_on_our_own_host(bigpanda_at, scripted):
    """With an id in the body, a foreign `Location` warns, and the service is asked for the job."""
    foreign = scripted(lambda _: {"status": "failed"})

    def accepted(_):
        location = {"Location": foreign.url + "/resources/v2.1/alert-enrichments-jobs/j_1_2"}
        return Response('{"job_id": "j_1_2"}', 202, location, content_type="application/json")

    client, calls = bigpanda_at(uploads(accepted))
    with pytest.warns(pk.ServiceWarning, match="not one of its own"):
        assert client.upload_enrichment(TABLE, "map-1").status == "done"
    assert foreign.calls == []
    assert calls[-1].path == "/resources/v2.1/alert-enrichments-jobs/j_1_2"


def test_one_upload_at_a_time_for_a_table(scripted):
    """Two threads with the same table: the second one is sent when the first has ended."""
    order, first_is_there = [], threading.Event()

    def answer(request):
        order.append("post")
        first_is_there.set()
        return {"job_id": "j"}, 202

    def app(request):
        if request.path.endswith("/j"):
            order.append("done")
            return {"status": "done"}
        return uploads(answer)(request)

    script = scripted(app)
    client = hurried(BigPanda("secret-user-key", base_url=script.url, rate=None))
    threads = [
        threading.Thread(target=client.upload_enrichment, args=(TABLE, "map-1")) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert order == ["post", "done", "post", "done"]


@pytest.mark.parametrize("version", ["v3", "2.1"])
def test_an_unknown_version_is_refused(client, version):
    """A version that is not there is a ValueError with the ones that are."""
    with pytest.raises(ValueError, match=r"v2\.1, v1\.0"):
        client.upload_enrichment(TABLE, "map-1", api_version=version)
