"""`data-samples/`: rebuilt to the byte, small, explained, and what they say they are."""

import importlib.util
import json
from pathlib import Path

import pytest

from pandakit import detections, sandbox

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "data-samples"
# `formats` holds what vendors document, and is not made by the script.
NAMES = sorted({path.name for path in SAMPLES.iterdir()} - {"README.md", "formats"})


def contents(path):
    """Return the bytes of a file, or of all files below a folder by name."""
    if path.is_file():
        return path.read_bytes()
    files = [each for each in path.rglob("*") if each.is_file()]
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in files}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """The samples as the script writes them now."""
    path = ROOT / "scripts" / "make_samples.py"
    spec = importlib.util.spec_from_file_location("make_samples", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = tmp_path_factory.mktemp("samples")
    script.main(folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_rebuilding_gives_the_same_bytes(rebuilt, name):
    """Each committed sample is what the script writes."""
    assert contents(rebuilt / name) == contents(SAMPLES / name)


def test_nothing_is_missing_and_everything_is_explained(rebuilt):
    """The script writes the committed files and no others, and the README names each."""
    assert sorted(path.name for path in rebuilt.iterdir()) == NAMES
    text = (SAMPLES / "README.md").read_text()
    assert all(f"`{name}`" in text for name in NAMES)


def test_the_samples_are_small():
    """All of them together are below 1.5 MB."""
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*")) < 1_500_000


def test_the_good_table_is_accepted_and_the_bad_one_is_not(fresh):
    """The service takes the good table for the sample's schema, and refuses the bad one."""
    schema = json.loads((SAMPLES / "enrichment-schema.json").read_text())
    made = fresh.bigpanda(
        "/resources/v2.1/mapping-enrichment", "POST", data=json.dumps(schema)
    ).json()
    path = f"/resources/v2.1/mapping-enrichment/{made['id']}/map"
    good, bad = (
        fresh.bigpanda(path, "POST", kind="text/csv", data=(SAMPLES / name).read_bytes())
        for name in ("enrichment-good.csv", "enrichment-bad.csv")
    )
    assert (good.status_code, bad.status_code) == (202, 400)
    looks = [fresh.bigpanda(good.headers["Location"]).json()["status"] for _ in range(3)]
    assert looks[-1] == "done"


def test_the_rules_as_code_run_and_drift(fresh):
    """The folder is read without a complaint; its rules run, and differ from the service's."""
    content = detections.read(SAMPLES / "detections", strict=True)
    results = detections.run_tests(content)
    assert len(results) > 20
    failed = results.loc[~results["passed"].fillna(value=True), "id"].nunique()
    assert failed == 2
    with sandbox.start(incidents=1, audit_events=1) as services:
        drift = detections.drift(content, services.panther.detections())
    assert set(drift.loc[drift["status"] == "changed", "field"]) == {"threshold", "tags"}
    assert "Larkfield.Only.Here" in drift.loc[drift["status"] == "only_local", "id"].tolist()


def test_the_audit_roots_belong_to_the_audit_results():
    """The largest root of the list is the published root of the search."""
    roots = json.loads((SAMPLES / "audit-roots.json").read_text())
    answer = json.loads((SAMPLES / "audit-results.json").read_text())
    assert roots[-1] == answer["result"]["root"]
    assert [root["size"] for root in roots] == list(range(1, len(roots) + 1))
    assert answer["result"]["count"] == len(answer["result"]["events"]) == 200
