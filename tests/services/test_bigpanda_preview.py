"""What an upload would change, before it is sent, and the table that it replaces."""

import logging
from dataclasses import replace

import pandas as pd
import pytest

import pandakit as pk
from pandakit import sandbox
from pandakit.bigpanda import BigPanda
from pandakit.enrichment import write_enrichment_csv
from tests.services.conftest import bigpanda_of, hurried
from tests.tokens import BIGPANDA_USER


@pytest.fixture(scope="module")
def running():
    """A sandbox of its own, since uploads change it."""
    with sandbox.start(requests_per_second=None, incidents=60, audit_events=5) as services:
        yield services


@pytest.fixture
def client(running):
    """A client of that sandbox, where nothing was asked yet."""
    running.control.clear()
    with bigpanda_of(running) as made:
        yield made


@pytest.fixture
def schema_id(running):
    """Give the id of the map of host owners."""
    return running.organisation.bigpanda["schemas"][0]["id"]


def table_of(rows):
    """Make a table for it."""
    names = [f"host-{number}" for number in range(rows)]
    return pd.DataFrame({"host": names, "owner_team": "web", "tier": "tier-1"})


@pytest.fixture
def there(client, running, schema_id):
    """Put a table of 250 rows at the service, and give it."""
    frame = table_of(250)
    client.upload_enrichment(frame, schema_id)
    running.control.clear()
    return frame


@pytest.fixture
def new(there):
    """Give the next table: two rows more, one with another tier, three fewer."""
    frame = table_of(252)
    frame.loc[7, "tier"] = "tier-2"
    return frame.iloc[3:].reset_index(drop=True)


def counts(preview):
    """Give the four counts of a preview."""
    return preview.added, preview.changed, preview.removed, preview.unchanged


def reads(running):
    """Count the pages of the table that were asked for."""
    return sum(call.path.endswith("/map") for call in running.control.calls)


def test_against_the_service(client, running, schema_id, there, new):
    """The service's table is read by page and compared; nothing is sent."""
    preview = client.preview_enrichment(new, schema_id)
    assert counts(preview) == (2, 1, 3, 246)
    assert not preview.is_empty
    assert " ".join(preview.changes["host"]) == "host-7 host-250 host-251 host-0 host-1 host-2"
    assert repr(preview) == (
        "2 rows added, 1 changed, 3 removed, 246 unchanged, against the service's table"
    )
    assert reads(running) == 4  # the size, and three pages
    assert {call.method for call in running.control.calls} == {"GET"}


def test_against_what_is_at_hand(client, running, schema_id, there, new, tmp_path):
    """Against the last file, a saved frame or a frame no page of the table is read."""
    schema = client.enrichment_schema(schema_id)
    file = write_enrichment_csv(there, schema, tmp_path / "last.csv")
    saved = pk.save(client.enrichment_table(schema_id), tmp_path / "last.parquet")
    running.control.clear()
    names = []
    for against in (there, file, str(file.path), saved):
        preview = client.preview_enrichment(new, schema_id, against)
        assert counts(preview) == (2, 1, 3, 246)
        names.append(preview.against)
    assert names == ["the given frame", "last.csv", "last.csv", "last.parquet"]
    assert reads(running) == 0


def test_an_equal_table_has_an_empty_preview(client, schema_id, there):
    """Another order and other types of the same rows change nothing."""
    preview = client.preview_enrichment(there.iloc[::-1].astype("category"), schema_id)
    assert preview.is_empty
    assert counts(preview) == (0, 0, 0, 250)


def test_the_preview_as_html_escapes(client, schema_id, there):
    """The HTML has the rows of each kind, and no markup out of a table."""
    frame = pd.concat([there.iloc[1:], table_of(1).assign(host="<b>", tier="x")])
    html = client.preview_enrichment(frame, schema_id, there)._repr_html_()
    assert "rows added" in html
    assert "rows removed" in html
    assert "rows changed" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_a_wrong_table_is_found_before_anything_is_read(client, running, schema_id, new):
    """A table without the schema's columns costs no page."""
    with pytest.raises(pk.EnrichmentError, match="'tier'"):
        client.preview_enrichment(new.drop(columns="tier"), schema_id)
    assert reads(running) == 0


def test_the_size_of_a_table(client, running, schema_id, there):
    """One request tells the rows, the requests and the least time of reading all."""
    service = running.bigpanda._session.service
    client._sessions["BIGPANDA_API_KEY"].service = replace(service, rate=5.0)
    size = client.enrichment_size(schema_id)
    assert (size.rows, size.requests, size.seconds) == (250, 3, 0.6)
    assert str(size) == "250 rows: 3 requests, at least 1 s"
    assert reads(running) == 1


def serving(rows):
    """Answer as a map with so many rows would; its pages are cut after the first."""

    def app(request):
        if not request.path.endswith("/map"):
            return {"id": "m", "type": "mapping", "config": {"name": "n", "fields": [
                {"title": "host", "type": "query_tag"}, {"title": "owner", "type": "result_tag"},
            ]}}  # fmt: skip
        page = int(request.args["page"])
        if app.broken and page > 1:
            return {"errors": ["down"]}, 400
        names = range(100 * (page - 1), min(rows, 100 * page))
        items = [{"host": f"h{number}", "owner": "ann"} for number in names]
        return {"items": items, **({} if app.uncounted else {"total_results": rows})}

    app.broken = app.uncounted = False
    return app


SAME = pd.DataFrame({"host": [f"h{number}" for number in range(250)], "owner": "ann"})


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda client: counts(client.preview_enrichment(SAME.iloc[1:], "m")), (0, 0, 1, 249)),
        (lambda client: client.verify_upload(SAME, "m"), True),
    ],
)
def test_a_reading_that_broke_off_goes_on(bigpanda_at, ask, answer):
    """`resume()` asks for the missing pages only, and gives the same answer as a whole reading."""
    app = serving(250)
    client, calls = bigpanda_at(app)
    app.broken = True
    error = None
    try:
        ask(client)
    except pk.InvalidRequestError as failure:
        error = failure
    assert len(error.partial) == 100
    with pytest.raises(pk.InvalidRequestError):
        error.resume()
    app.broken = False
    before = len(calls)
    resumed = error.resume()
    assert [call.args["page"] for call in calls[before:]] == ["2", "3"]
    assert (resumed if isinstance(resumed, bool) else counts(resumed)) == answer


def test_without_a_count(bigpanda_at):
    """A service that does not count its rows is read to its end all the same."""
    app = serving(250)
    app.uncounted = True
    client, _ = bigpanda_at(app)
    assert client.enrichment_size("m") == (None, None, None)
    assert str(client.enrichment_size("m")) == "an unknown number of rows"
    assert client.verify_upload(SAME, "m") is True
    assert client.verify_upload(SAME.assign(owner="bob"), "m") is False


def test_another_number_of_rows_is_told_by_one_request(bigpanda_at):
    """A table of another length cannot have arrived: no further page is read."""
    client, calls = bigpanda_at(serving(250))
    assert client.verify_upload(SAME.iloc[1:], "m") is False
    assert sum(call.path.endswith("/map") for call in calls) == 1


@pytest.mark.parametrize("rows", [250, 40_000])
def test_a_long_reading_is_announced(scripted, caplog, rows):
    """What reading takes is said before the first page: above a minute also in the log."""
    app = serving(rows)
    app.broken = True
    client = hurried(BigPanda(BIGPANDA_USER, base_url=scripted(app).url))
    with caplog.at_level(logging.WARNING, "pandakit.bigpanda"), pytest.raises(pk.PandakitError):
        client.preview_enrichment(SAME, "m")
    told = [record.getMessage() for record in caplog.records if record.name == "pandakit.bigpanda"]
    said = "reading the table of enrichment m: 40,000 rows: 400 requests, at least 80 s"
    assert told == ([said] if rows == 40_000 else [])


def test_the_progress_line_says_what_it_takes(bigpanda_at, capsys):
    """Where progress is shown, the line names rows, requests and time."""
    client, _ = bigpanda_at(serving(250))
    client.preview_enrichment(SAME, "m", progress=True)
    assert "(250 rows: 3 requests, at least 0 s)" in capsys.readouterr().err


def test_the_replaced_table_is_saved(client, schema_id, there, new, tmp_path):
    """The table that was there is in the file, and can be uploaded again from it."""
    path = tmp_path / "before.parquet"
    client.upload_enrichment(new, schema_id, backup_path=path)
    kept = pk.load(path)
    assert client.preview_enrichment(there, schema_id, kept).is_empty
    assert client.verify_upload(new, schema_id)
    client.upload_enrichment(kept, schema_id)
    assert client.verify_upload(there, schema_id)


def test_a_saved_table_is_not_overwritten(client, running, schema_id, there, new, tmp_path):
    """A path that exists, or is no Parquet file, is refused before anything is asked."""
    (tmp_path / "before.parquet").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="to go back to"):
        client.upload_enrichment(new, schema_id, backup_path=tmp_path / "before.parquet")
    with pytest.raises(ValueError, match=r"\.parquet"):
        client.upload_enrichment(new, schema_id, backup_path="before.csv")
    assert running.control.calls == []
    assert (tmp_path / "before.parquet").read_bytes() == b"precious"


def test_what_cannot_be_saved_is_not_replaced(bigpanda_at, tmp_path):
    """When the old table cannot be read to its end, nothing is uploaded and no file is left."""
    app = serving(250)
    client, calls = bigpanda_at(app)
    app.broken = True
    with pytest.raises(pk.InvalidRequestError, match="nothing was uploaded"):
        client.upload_enrichment(SAME, "m", backup_path=tmp_path / "before.parquet")
    assert "POST" not in {call.method for call in calls}
    assert not (tmp_path / "before.parquet").exists()
