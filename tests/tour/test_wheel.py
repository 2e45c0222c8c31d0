"""What users install: the built wheel, in an environment that has nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The heart of the demo: all three services, loaded, consolidated, validated, uploaded.
CORE = """
import pandakit as pk
from pandakit import sandbox

assert "site-packages" in pk.__file__, pk.__file__
with sandbox.start(incidents=60, audit_events=40) as services:
    rules = services.panther.rules()
    events = services.bigpanda.raw_alerts("nagios.core", start="2026-01-01")
    audit = services.pangea.search(start="2026-05-01")
    simulation = pk.consolidate(events)
    maps = services.bigpanda.enrichments().set_index("name")
    schema_id = maps.loc["Host owners", "schema_id"]
    schema = services.bigpanda.enrichment_schema(schema_id)
    owners = events[["host"]].dropna().drop_duplicates().assign(owner_team="ops", tier="tier-1")
    assert pk.validate_enrichment(owners, schema).ok
    table = pk.write_enrichment_csv(owners, schema, "owners.csv")
    job = services.bigpanda.upload_enrichment(table, schema_id)
assert len(rules) and len(audit) == 40
assert 0 < len(simulation.incidents) <= len(simulation.alerts) < len(events)
print(job.status, table.rows == len(owners))
"""


def run(*command, cwd):
    """Run a command apart from the repository; its output is in the failure."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.wheel
def test_the_wheel_runs_the_core_of_the_demo_in_an_empty_environment(tmp_path):
    """The wheel alone, with what it says it needs, loads, simulates, validates and uploads."""
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("pandakit-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "pandakit/py.typed" in names
    assert not [name for name in names if name.split("/")[0] in {"tests", "docs", "scripts"}]
    run(sys.executable, "-m", "venv", "empty", cwd=tmp_path)
    python = tmp_path / "empty" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[sandbox]", cwd=tmp_path)
    run(python, "-m", "pip", "check", cwd=tmp_path)
    assert run(python, "-I", "-c", CORE, cwd=tmp_path) == "done True\n"
