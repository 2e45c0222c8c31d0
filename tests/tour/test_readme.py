"""The README: what it shows runs as it stands there."""

import functools
import re
from pathlib import Path

import pandas as pd

from pandakit import sandbox

README = Path(__file__).parents[2] / "README.md"


def test_the_examples_run_one_after_the_other(monkeypatch, tmp_path):
    """A reader who types the README's Python with no settings gets through to its end."""
    small = functools.partial(sandbox.start, incidents=200, audit_events=200)
    monkeypatch.setattr(sandbox, "start", small)
    monkeypatch.chdir(tmp_path)
    hosts = ["db-1.example.com", "db-2.example.com"]
    names = {"owners": pd.DataFrame({"host": hosts, "owner_team": "data", "tier": ["1", "2"]})}
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    for block in blocks:
        exec(block, names)  # noqa: S102 - our own page
    names["services"].close()
    assert len(blocks) >= 5
    assert len(names["detections"]) > 300
    assert set(names["sweep"]["anchor"]) == {"first", "latest"}
    assert set(names["deleted"]["action"]) == {"delete"}
