"""One text for each value: what is checked is what the file has."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pandakit.enrichment import EnrichmentSchema, write_enrichment_csv


@pytest.fixture
def written(tmp_path):
    """Return the text of a column of results as the file has it."""

    def write(cells):
        frame = pd.DataFrame({"key": [f"k{n}" for n in range(len(cells))], "value": cells})
        path = tmp_path / "t.csv"
        write_enrichment_csv(frame, EnrichmentSchema("key", "value"), path)
        with path.open(newline="", encoding="utf-8") as file:
            return [row[1] for row in list(csv.reader(file))[1:]]

    return write


FORMS = [
    (pd.Series(["a", None, "", "nan", "None", "NA"]), ["a", "", "", "nan", "None", "NA"]),
    (pd.Series([pd.NA, np.nan, pd.NaT, None], dtype=object), ["", "", "", ""]),
    (pd.Series([1, 2]), ["1", "2"]),
    (pd.Series([1, None, 3]), ["1", "", "3"]),
    (pd.Series([1, None], dtype="Int64"), ["1", ""]),
    (pd.Series([2**63 - 1, None], dtype="Int64"), ["9223372036854775807", ""]),
    (pd.Series([2**64 - 1], dtype="uint64"), ["18446744073709551615"]),
    (
        pd.Series([0.1, 1.5, -0.0, 1e22, 1e-7]),
        ["0.1", "1.5", "0", "10000000000000000000000", "1e-07"],
    ),
    (pd.Series([0.1 + 0.2]), ["0.30000000000000004"]),
    (pd.Series([True, False]), ["true", "false"]),
    (pd.Series([True, None], dtype="boolean"), ["true", ""]),
    (pd.Series([True, None, False], dtype=object), ["true", "", "false"]),
    (pd.Series(["b", "a", None], dtype="category"), ["b", "a", ""]),
    (pd.Series([2, 1, 2], dtype="category"), ["2", "1", "2"]),
    (pd.Series([Decimal("1.50"), Decimal("1E+3"), None]), ["1.50", "1000", ""]),
    (pd.Series([["a", "b"], ["c"], [], None]), ["a|b", "c", "", ""]),
    (pd.Series([["a|b"], ["a|b", "c"], ("x", 1, True)]), ['"a|b"', '"a|b"|c', "x|1|true"]),
    (pd.Series([['say "hi"|now'], ['"q"']]), ['"say ""hi""|now"', '"""q"""']),
    (pd.Series(['say "hi"', "a,b", "tab\tin"]), ['say "hi"', "a,b", "tab\tin"]),
    (pd.Series(["007", "1e10", "1.0"]), ["007", "1e10", "1.0"]),
    (
        pd.Series([datetime(2026, 3, 1, 12, tzinfo=UTC), None]),
        ["2026-03-01T12:00:00Z", ""],
    ),
    (
        pd.Series([datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))], dtype=object),
        ["2026-03-01T10:00:00Z"],
    ),
]


@pytest.mark.parametrize(("cells", "texts"), FORMS)
def test_text_form(written, cells, texts):
    """Each kind of cell has one text, whatever else is in its column."""
    assert written(cells) == texts


@pytest.mark.parametrize(("cells", "texts"), FORMS)
def test_the_form_of_a_cell_does_not_depend_on_its_column(written, cells, texts):
    """Cells as plain objects, among others, have the text they have in a column of their own."""
    assert written(pd.Series([*cells, "x"], dtype=object)) == [*texts, "x"]


def test_a_protected_pipe_has_the_three_quotes_of_the_vendor(tmp_path):
    """In the file a literal pipe stands between three quotes, an inner quote becomes four."""
    frame = pd.DataFrame({"key": ["a"], "value": [['x|"y"']]})
    path = tmp_path / "t.csv"
    write_enrichment_csv(frame, EnrichmentSchema("key", "value"), path)
    assert path.read_bytes() == b'"key","value"\n"a","""x|""""y"""""""\n'
