"""`pandakit validate`: the samples, exit codes, and both ways to name the columns."""

import re
from pathlib import Path

import pytest

from pandakit import cli

SAMPLES = Path(__file__).parents[2] / "data-samples"
SCHEMA = SAMPLES / "enrichment-schema.json"
# The page of the samples lists ten faults; `value_cut` comes with the value above 32K.
FAULTS = {
    "byte_order_mark", "extra_column", "duplicate_row", "key_conflict", "line_break",
    "value_length", "surrounding_whitespace", "formula", "key_case", "final_newline", "value_cut",
}  # fmt: skip


@pytest.fixture
def validate(capsys):
    """Run the command in this process; give the exit code, what it printed, and its errors."""

    def run(*arguments):
        code = 0
        try:
            cli.main(["validate", *map(str, arguments)])
        except SystemExit as stopped:
            code = stopped.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def test_a_good_table(validate):
    """The good sample can be sent: exit code 0, a line and a note, by schema and by names alike."""
    good = SAMPLES / "enrichment-good.csv"
    names = ("--query", "host", "--result", "owner_team, tier")
    for columns in (("--schema", SCHEMA), names, (*names, "--strict")):
        code, out, err = validate(good, *columns)
        assert (code, err) == (0, "")
        verdict, note = out.splitlines()
        assert verdict.endswith("0 errors, 0 warnings" + ", strict" * ("--strict" in columns))
        assert note.startswith("note: checked for this schema alone: ")


def test_a_bad_table(validate):
    """The bad sample would be refused: exit code 1, and each of its faults is in the report."""
    code, out, err = validate(SAMPLES / "enrichment-bad.csv", "--schema", SCHEMA)
    assert (code, err) == (1, "")
    assert out.startswith("would be refused: ")
    assert set(re.findall(r"^  (\w+)", out, re.MULTILINE)) == FAULTS


def test_a_doubtful_table(validate, tmp_path):
    """What only one reading refuses is a warning and exit code 0, and 1 with --strict."""
    doubtful = tmp_path / "doubtful.csv"
    doubtful.write_bytes(b"a,b\n1,x\n\n")
    arguments = (doubtful, "--query", "a", "--result", "b")
    assert validate(*arguments)[0] == 0
    code, out, _ = validate(*arguments, "--strict")
    assert code == 1
    assert "extra_newline" in out


@pytest.mark.parametrize(
    ("columns", "code", "part"),
    [
        ([], 2, "--query"),
        (["--query", "host"], 2, "--result"),
        (["--schema", SCHEMA, "--query", "host"], 2, "--schema already names"),
        (["--schema", SAMPLES / "enrichment-good.csv"], 1, "is not JSON"),
        (["--schema", SAMPLES / "rules.json"], 1, "not the JSON object"),
        (["--schema", "no-such.json"], 2, "does not exist"),
    ],
)
def test_no_schema(validate, columns, code, part):
    """Without a schema, or with what is none, there is no verdict but one clear line."""
    found, out, err = validate(SAMPLES / "enrichment-good.csv", *columns)
    assert (found, out) == (code, "")
    assert part in err
