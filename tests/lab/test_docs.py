"""The page about what-if analysis runs as it stands."""

import re
from pathlib import Path

import pandas as pd

PAGE = (Path(__file__).parents[2] / "docs" / "what-if.md").read_text(encoding="utf-8")


def test_the_examples_run():
    """All examples run in order, and give what the page says of them."""
    names = {}
    for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(example, names)  # noqa: S102 - our own page
    assert names["changes"].incidents["change"].tolist() == ["merged"]
    assert names["found"].window == pd.Timedelta("1h15min")
