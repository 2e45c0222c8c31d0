"""Loading saved events: every form in which people keep them, and what cannot be read."""

import gzip
import json
from pathlib import Path
from tempfile import NamedTemporaryFile

import pandas as pd
import pytest
from hypothesis import given
from hypothesis.strategies import booleans, lists, text, tuples

import pandakit as pk
from pandakit.pangea import saved
from tests.services.audit_log import plain_log
from tests.services.conftest import column

LOG = plain_log((3, 1, 2), published=2)
EVENTS = LOG.events()


def artefact(row):
    """Write an event as the console exports it, with both roots inside."""
    keys = ("envelope", "hash", "membership_proof", "published", "leaf_index")
    kept = {key: row[key] for key in keys}
    return {**kept, "root": LOG.root(), "unpublished_root": LOG.unpublished_root()}


def dumped(row):
    """Write an event as the dump tool does: with the size of the tree, without a root."""
    size = LOG.published if row["published"] else len(LOG.cold)
    return {**row, "tree_size": size}


def lines(documents):
    """Write documents one to a line."""
    return "".join(json.dumps(each) + "\n" for each in documents)


FORMS = {
    "answer": json.dumps(LOG.answer()),
    "indented answer": json.dumps(LOG.answer(), indent=2),
    "answers": json.dumps([LOG.answer(EVENTS[:2]), LOG.answer(EVENTS[2:])]),
    "lines of answers": lines([LOG.answer(EVENTS[:2]), LOG.answer(EVENTS[2:])]),
    "result": json.dumps(LOG.result()),
    "one artefact each": lines(map(artefact, EVENTS)),
    "artefacts": json.dumps([artefact(row) for row in EVENTS]),
    "dump": lines(map(dumped, EVENTS)),
    "events": json.dumps(EVENTS),
    "download": json.dumps(
        {
            "count": len(EVENTS),
            "events": [{"envelope": row["envelope"], "hash": row["hash"]} for row in EVENTS],
        }
    ),
}
WITH_ROOTS = {"answer", "indented answer", "answers", "lines of answers", "result",
              "one artefact each", "artefacts"}  # fmt: skip


@pytest.mark.parametrize("packed", ["plain", "gzip", "bom"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_loads(tmp_path, form, packed):
    """Each form gives all events in order, with their fields; roots where the form has them."""
    data = FORMS[form].encode()
    data = {"plain": data, "gzip": gzip.compress(data), "bom": b"\xef\xbb\xbf" + data}[packed]
    (tmp_path / "saved").write_bytes(data)
    frame = pk.pangea.load(tmp_path / "saved")
    assert column(frame, "envelope") == [row["envelope"] for row in EVENTS]
    assert column(frame, "hash") == [row["hash"] for row in EVENTS]
    assert column(frame, "message") == [row["envelope"]["event"]["message"] for row in EVENTS]
    found = pk.pangea.verify(frame)
    assert found.verdict == ("intact" if form in WITH_ROOTS else "unproved")
    assert frame["root_hash"].notna().all() == (form in WITH_ROOTS)


def test_a_dump_is_proved_by_roots_of_its_size(tmp_path):
    """Lines that name only the size of the tree are proved by the root of that size."""
    (tmp_path / "dump.jsonl").write_text(FORMS["dump"], encoding="utf-8")
    found = pk.pangea.verify(pk.pangea.load(tmp_path / "dump.jsonl"), roots=LOG.roots())
    assert found.counts == {"unproved": 2, "proved": 4}


def test_the_frame_is_that_of_a_search(tmp_path, pangea):
    """Columns and dtypes are those of `Pangea.search`; an empty result has them too."""
    (tmp_path / "saved").write_text(FORMS["answer"], encoding="utf-8")
    (tmp_path / "empty").write_text(json.dumps(LOG.result([])), encoding="utf-8")
    frame, empty = pk.pangea.load(tmp_path / "saved"), pk.pangea.load(tmp_path / "empty")
    online = pangea.search('actor:"nobody at all"', start="2026-05-01")
    assert frame.dtypes.equals(online.dtypes)
    assert empty.dtypes.equals(online.dtypes)
    facts = frame.attrs["pandakit"]
    assert facts["source"] == "file saved"
    assert [root["size"] for root in facts["roots"]] == [2, 3]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b'{"events": []}\n{"events":', "line 2: not JSON"),
        (b'[{"hash": "a"},\n {"hash": NaN}]', "line 1: not JSON .NaN"),
        (b'[{"hash":\n "\xff"}]', "line 2: not UTF-8"),
        (b"[\n" * (1 << 20) + b"\xff", "line 1048577: not UTF-8"),
        (b"received_at,actor\n1,2\n", "line 1: not JSON"),
        (gzip.compress(b"[]", mtime=0)[:-5], "not a whole gzip file"),
        (b"[5]", "line 1: found a int"),
        (b'{"events": 5}', "events that are not a list"),
        (b'{"result": {"fields": []}}', "an object with fields"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_an_error(tmp_path, data, words):
    """No events are an EventError with the file and the line, never an empty frame."""
    (tmp_path / "saved").write_bytes(data)
    with pytest.raises(pk.EventError, match=words) as caught:
        pk.pangea.load(tmp_path / "saved")
    assert "saved" in str(caught.value)


def test_custom_fields_are_columns(tmp_path):
    """Fields of a custom schema become columns; a name that is taken gets a prefix."""
    row = {"envelope": {"event": {"message": "m", "mfa": True, "hash": "h", "a.b": 1}}}
    (tmp_path / "saved").write_text(json.dumps([row]), encoding="utf-8")
    frame = pk.pangea.load(tmp_path / "saved")
    assert frame.loc[0, ["mfa", "event_hash", "a.b"]].tolist() == [True, "h", 1]


def test_what_fits_no_column_is_kept(tmp_path):
    """A value of the wrong type is missing in its column, with a warning, and kept beside it."""
    row = {**EVENTS[0], "leaf_index": 1.5, "published": "yes"}
    (tmp_path / "saved").write_text(json.dumps([row]), encoding="utf-8")
    with pytest.warns(pk.CellWarning):
        frame = pk.pangea.load(tmp_path / "saved")
    assert pd.isna(frame["leaf_index"][0])
    assert frame["unreadable"][0] == {"leaf_index": 1.5, "published": "yes"}


@pytest.mark.parametrize("part", [1, 3, 1 << 20])
@given(
    lists(
        tuples(text('aé\x85ńŁ€\ufeff😀\\\n"/', max_size=8), booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_every_character_is_read_as_json_reads_it(part, values):
    """Wide characters, escaped or not and wherever the file is cut, are those of the file."""
    written = "\n".join(json.dumps([value], ensure_ascii=flag) for value, flag in values)
    with NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(saved, "_PART", part)
        Path(file.name).write_bytes(written.encode())
        found = [document for _, document in saved.read_documents(Path(file.name))]
    assert found == [[value] for value, _ in values]


@pytest.mark.parametrize("slashes", range(1, 6))
@pytest.mark.parametrize("letter", ["ń", "😀"])
def test_an_escape_that_json_lacks_stays_an_error(tmp_path, slashes, letter):
    """An odd number of backslashes before a wide character is not JSON; an even number is."""
    (tmp_path / "saved").write_text(f'["ł",\n"{slashes * chr(92)}{letter}"]', encoding="utf-8")
    if slashes % 2:
        with pytest.raises(pk.EventError, match=r"line 2: not JSON \(Invalid .escape"):
            list(saved.read_documents(tmp_path / "saved"))
    else:
        found = [document for _, document in saved.read_documents(tmp_path / "saved")]
        assert found == [["ł", slashes // 2 * chr(92) + letter]]
