"""`pandakit simulate` of many files: merged from disk, or read into memory, and which is said."""

import json

import pandas as pd
import pytest

import pandakit as pk
from pandakit.cli.source import SOURCE_OPTIONS

EVENTS = pd.DataFrame(
    {
        "timestamp": range(1_777_903_419, 1_777_903_419 + 60_000, 1_000),
        "status": ["critical", "warning", "ok"] * 20,
        "host": [f"h{n % 7}" for n in range(60)],
        "check": [f"c{n % 3}" for n in range(60)],
    }
)
WRITERS = {
    "parquet": lambda frame, path: frame.to_parquet(path),
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}
MERGED, IN_MEMORY = "were merged from disk", "were read into memory"


def write(folder, form="parquet", events=EVENTS):
    """Write every third event to one of three files."""
    folder.mkdir(exist_ok=True)
    for number in range(3):
        WRITERS[form](events.iloc[number::3], folder / f"{number}.{form}")
    return folder


@pytest.fixture
def folder(tmp_path):
    """A folder of Parquet files."""
    return write(tmp_path / "events")


def counts(out):
    """Read the counts of the printed funnel."""
    lines = [line.split() for line in out.splitlines()]
    names = ("events", "alerts", "incidents")
    return {
        line[0]: int(line[1].replace(",", "")) for line in lines if line[:1] and line[0] in names
    }


EXPECTED = {
    name: int(pk.consolidate(EVENTS, pk.CURRENT).funnel.loc[name, "value"])
    for name in ("events", "alerts", "incidents")
}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("way", ["folder", "pattern", "several"])
def test_many_files_are_merged_from_disk(run, tmp_path, form, way):
    """A folder, a pattern and several files have the counts of all events in one frame."""
    folder = write(tmp_path / "events", form)
    sources = {
        "folder": [folder],
        "pattern": [folder / f"*.{form}"],
        "several": sorted(folder.iterdir()),
    }
    code, out, err = run("simulate", *sources[way], "--policy", "current")
    assert (code, err, counts(out)) == (0, "", EXPECTED)
    assert f"3 files {MERGED}" in out


def test_one_file_is_read_as_ever(run, folder):
    """Nothing is said, because there is nothing to choose."""
    code, out, err = run("simulate", folder / "0.parquet")
    assert (code, err) == (0, "")
    assert MERGED not in out
    assert IN_MEMORY not in out


GIVEN = {
    "profile": "alertmanager",
    "column": "host=device",
    "constant": "status=critical",
    "status": "firing=critical",
    "time": "timestamp",
    "time_format": "%s",
    "tz": "UTC",
    "start": "timestamp",
    "end": "timestamp",
}


@pytest.mark.parametrize("name", [*SOURCE_OPTIONS, "format"])
def test_an_option_about_columns_reads_into_memory(run, folder, tmp_path, monkeypatch, name):
    """Each of them, by its name; the unit goes to both ways."""
    (tmp_path / "mapping.toml").write_text('time = "timestamp"\n')
    values = {**GIVEN, "mapping": tmp_path / "mapping.toml", "format": "csv", "unit": "s"}
    option = "--" + name.replace("_", "-")
    monkeypatch.setattr(
        "pandakit.cli._commands.simulation.read_source", lambda *_: pk.read_events(EVENTS)
    )
    code, out, _ = run("simulate", folder, option, *([] if name == "skip_bad" else [values[name]]))
    assert code == 0
    assert (MERGED in out) if name == "unit" else (f"all files {IN_MEMORY}: {option}" in out)


def test_several_files_are_read_into_memory_too(run, tmp_path):
    """With other columns, and an option that names them."""
    folder = write(tmp_path / "events", "csv", EVENTS.rename(columns={"host": "box"}))
    files = sorted(folder.iterdir())
    code, out, _ = run("simulate", *files, "--column", "host=box", "--policy", "current")
    assert (code, counts(out)) == (0, EXPECTED)


def with_other_columns(folder):
    """One file has another column."""
    EVENTS.assign(rack=1).to_parquet(folder / "1.parquet")


def with_other_names(folder):
    """No file has a time by its name."""
    write(folder, events=EVENTS.rename(columns={"timestamp": "time"}))


def with_a_document(folder):
    """One file is a JSON document."""
    (folder / "3.json").write_text(EVENTS.to_json(orient="records", indent=1))


def with_objects(folder):
    """One file has objects in its lines, which become columns in memory only."""
    record = {
        "timestamp": 1_777_903_419,
        "status": "ok",
        "host": "a",
        "check": "b",
        "agent": {"n": 1},
    }
    (folder / "3.jsonl").write_text(json.dumps(record))


def with_a_log(folder):
    """One file is of a format that is not read in parts."""
    (folder / "3.tsv").write_text("timestamp\tstatus\thost\tcheck\n1777903419\tok\ta\tb\n")


REASONS = {
    with_other_columns: "has no column 'rack'",
    with_other_names: "the events have no column 'timestamp' (nearest: time",
    with_a_document: "3.json: line 1 is not",
    with_objects: "3.jsonl: column 'agent', row 0: a dict has no text form",
    with_a_log: "3.tsv is of no known format",
}


@pytest.mark.parametrize("change", REASONS)
def test_files_that_cannot_be_merged_are_read_into_memory_and_it_says_why(run, folder, change):
    """With the file and what is different in it."""
    change(folder)
    code, out, _ = run("simulate", folder)
    assert code == 0
    assert f"all files {IN_MEMORY}: " in out
    assert REASONS[change] in out


def test_the_result_is_a_folder(run, folder, tmp_path):
    """It has alerts, incidents, funnel and manifest, and the same call ends at once."""
    target = tmp_path / "result"
    target.mkdir()
    first = run("simulate", folder, "--policy", "current", "--output", target)
    names = {"alerts.parquet", "incidents.parquet", "funnel.json", "manifest.json"}
    assert {path.name for path in target.iterdir()} == names
    expected = pk.consolidate(EVENTS, pk.CURRENT)
    pd.testing.assert_frame_equal(pd.read_parquet(target / "alerts.parquet"), expected.alerts)
    before = (target / "alerts.parquet").stat().st_mtime_ns
    assert run("simulate", folder, "--policy", "current", "--output", target) == first
    assert (target / "alerts.parquet").stat().st_mtime_ns == before
    assert (first[0], first[2], counts(first[1])) == (0, "", EXPECTED)


def test_the_result_of_another_run_is_replaced_on_request(run, folder, tmp_path):
    """Other settings or inputs are told with the option that replaces the result."""
    target = tmp_path / "result"
    run("simulate", folder, "--output", target)
    code, out, err = run("simulate", folder, "--output", target, "--policy", "current")
    assert (code, out) == (2, "")
    assert f"--output: {target} was made with policy" in err
    assert "replace it with --force" in err
    code, out, _ = run("simulate", folder, "--output", target, "--policy", "current", "--force")
    assert (code, counts(out)) == (0, EXPECTED)


def test_no_other_folder_is_replaced(run, folder, tmp_path):
    """Neither what the user keeps there, nor a result by that of one file."""
    target = tmp_path / "mine"
    target.mkdir()
    (target / "manifest.json").write_text("{}")
    (target / "thesis.txt").write_text("years")
    code, _, err = run("simulate", folder, "--output", target, "--force")
    assert (code, (target / "thesis.txt").read_text()) == (2, "years")
    assert "--force replaces" in err
    result = tmp_path / "result"
    run("simulate", folder, "--output", result)
    code, _, err = run("simulate", folder / "0.parquet", "--output", result, "--force")
    assert code == 2
    assert "choose another" in err


def test_an_error_of_a_file_names_it_and_the_other_way(run, folder):
    """Such as times that would need a unit; one option reads into memory."""
    EVENTS.assign(timestamp=EVENTS["timestamp"] * 1000).to_parquet(folder / "1.parquet")
    code, _, err = run("simulate", folder)
    assert code == 1
    assert "1.parquet" in err
    assert "--unit" in err
    assert "--time timestamp, reads all files into memory" in err
