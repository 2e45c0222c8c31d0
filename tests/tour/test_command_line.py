"""The command line: what it prints, and that nonsense gets one clear line."""

import functools
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from pandakit import cli, sandbox
from tests.tokens import PANTHER

ALARMS = ["--start", "from", "--end", "to", "--primary", "device", "--secondary", "alarm"]


@pytest.fixture
def run(capsys):
    """Run the command line in this process and give exit code, output and errors."""

    def run(*arguments):
        code = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def measure(out, name):
    """Read one count of the printed funnel."""
    (line,) = [line for line in out.splitlines() if line.split()[:1] == [name]]
    return int(line.split()[1].replace(",", ""))


@pytest.fixture
def alarms(tmp_path):
    """A file of alarms: two on one device within the hour, one a week later."""
    frame = pd.DataFrame(
        {
            "device": ["007", "007", "007"],
            "alarm": ["fan", "link", "fan"],
            "from": [0, 1_800, 700_000],
            "to": [600, 2_400, 700_600],
        }
    )
    frame.to_csv(tmp_path / "alarms.csv", index=False)
    frame.to_parquet(tmp_path / "alarms.parquet")
    return tmp_path


@pytest.fixture
def events(tmp_path):
    """A file of events of one alert."""
    path = tmp_path / "events.csv"
    path.write_text("host,check,status,timestamp\nNA,disk,critical,10\nNA,disk,ok,20\n")
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_simulate_alarms(run, alarms, suffix):
    """Alarms with a start and an end are consolidated from CSV and from Parquet alike."""
    code, out, err = run("simulate", alarms / f"alarms.{suffix}", *ALARMS)
    assert (code, err) == (0, "")
    assert (measure(out, "alerts"), measure(out, "incidents")) == (3, 2)


def test_settings_of_the_policy_are_options(run, alarms):
    """A reopen window without limit turns the third alarm into the first one again."""
    code, out, _ = run("simulate", alarms / "alarms.csv", *ALARMS, "--reopen-window", "none")
    assert code == 0
    assert "reopen_window=None" in out
    assert measure(out, "alerts") == 2


def test_text_cells_stay_text(run, events):
    """A host named NA is a host and not a missing value."""
    code, out, _ = run("simulate", events)
    assert code == 0
    assert "NA" in out
    assert measure(out, "alerts") == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "No such command"),
        (["simulate"], "Missing argument"),
        (["simulate", "no-such-file.csv"], "does not exist"),
        (["simulate", "{events}", "--anchor", "middle"], "middle"),
        (["simulate", "{events}", "--reopen-window", "soon"], "'--reopen-window': 'soon'"),
        (["simulate", "{events}", "--reopen-window", "-1h"], "'--reopen-window': '-1h'"),
        (["simulate", "{events}", "--start", "from"], "--end, --primary"),
        (["simulate", "{events}", "--start", "a", "--end", "b", "--primary", "c"], "'a'"),
        (["simulate", "{binary}"], "cannot be read as a table"),
        (["simulate", "{binary}.parquet"], "cannot be read as a table"),
        (["demo", "--start", "from"], "--events"),
        (["demo", "--events", "{folder}"], "is a directory"),
    ],
)
def test_nonsense_gets_a_clear_line_and_no_traceback(run, events, tmp_path, arguments, part):
    """Wrong commands, options, files and columns end in a message, never in a traceback."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x00\xff\xfe" * 50)
    (tmp_path / "binary.parquet").write_bytes(b"PAR1 not really")
    names = {"events": events, "binary": binary, "folder": tmp_path}
    code, out, err = run(*(text.format(**names) for text in arguments))
    assert code in {1, 2}
    assert part in err
    assert "Traceback" not in out + err


def test_settings_command_masks_tokens(run, monkeypatch):
    """The command shows where a token comes from and not the token."""
    monkeypatch.setenv("PANTHER_API_TOKEN", PANTHER)
    code, out, _ = run("settings")
    assert code == 0
    assert "PANTHER_API_TOKEN" in out
    assert "environment" in out
    assert PANTHER not in out


def test_check_without_settings_says_what_to_set(run):
    """With nothing set, each service is one line that names its settings; the exit code is 1."""
    code, out, err = run("check")
    assert code == 1
    for name in ("PANTHER_API_", "BIGPANDA_API_KEY", "PANGEA_AUDIT_TOKEN"):
        assert name in out + err
    assert "Traceback" not in out + err


def test_check_against_the_sandbox(run, monkeypatch):
    """With settings, each service says that it answered, and no token is printed."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        for name, value in services.env.items():
            monkeypatch.setenv(name, value)
        code, out, err = run("check")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 3
    assert not [value for value in services.env.values() if len(value) > 30 and value in out]


def test_demo_writes_its_report(run, monkeypatch, tmp_path):
    """`pandakit demo` prints the report and leaves a page and pictures behind."""
    small = functools.partial(sandbox.start, incidents=60, audit_events=60)
    monkeypatch.setattr(sandbox, "start", small)
    code, out, _ = run("demo", "--output", tmp_path / "out", "--seed", 3)
    assert code == 0
    assert "Consolidated" in out
    assert (tmp_path / "out" / "report.html").exists()
    assert len(list((tmp_path / "out").glob("*.png"))) >= 2


def test_installed_command_runs_without_a_terminal():
    """`python -m pandakit --help` lists the commands, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pandakit", "--help"], capture_output=True, text=True, check=True
    )
    for command in ("demo", "sandbox", "check", "settings", "simulate", "validate"):
        assert command in done.stdout


HEADER = "host,check,status,timestamp\n"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "cannot be read as a table"),
        (HEADER + "a,b,ok,1,extra\n", "Expected 4 columns, got 5"),
        (HEADER + "a,b,ok,1\na,b\n", "Expected 4 columns, got 2"),
        ("host,host,status,timestamp\na,b,ok,1\n", "several columns called 'host'"),
        (HEADER.replace(",", ";"), "one column only"),
        (HEADER.encode("utf-16"), "save it as UTF-8"),
        ((HEADER + "caf\u00e9,b,ok,1\n").encode("latin-1"), "UTF8"),
        (bytes(range(256)), "one column only"),
        (HEADER + "a,b,red,1\na,b,ok,soon\n", "1 bad_status (first in row 0)"),
        (HEADER + f"a,b,ok,{10**30}\n", "no row is an event"),
        (HEADER + '"a,b,ok,1\n', "cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_of_events_is_told(run, tmp_path, content, part):
    """Each odd file ends with one line that says what is wrong with it, and no funnel."""
    file = tmp_path / "odd.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = run("simulate", file)
    assert (code, out) == (1, "")
    assert err.startswith("EventError: ")
    assert part in err
    assert "Traceback" not in err


def test_rejected_rows_are_told_with_their_reasons(run, tmp_path):
    """Beside the funnel stands how many rows were rejected, why, and where the first is."""
    file = tmp_path / "some.csv"
    file.write_text(HEADER + "a,b,critical,1\na,b,red,2\n,b,ok,3\na,b,blue,4\n")
    code, out, _ = run("simulate", file)
    assert code == 0
    assert (measure(out, "received"), measure(out, "events")) == (4, 1)
    rejected = "Rejected: 2 bad_status (first in row 1), 1 no_primary (first in row 2)"
    assert rejected in out


def test_a_mark_at_the_start_and_quoted_cells_are_read(run, tmp_path):
    """A byte order mark, CRLF, quoted cells with line breaks and commas change nothing."""
    file = tmp_path / "quoted.csv"
    text = HEADER.replace("\n", "\r\n") + '"a\nb","c, ""d""",critical,1\r\n'
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    code, out, _ = run("simulate", file)
    assert code == 0
    assert measure(out, "events") == 1


HOSTILE = "\x1b]0;gone\x07\x1b[2J\u202etxt\u2028\x9b31m\u200b"


def test_nothing_from_a_file_steers_the_terminal(run, tmp_path):
    """Escapes, controls, bidi marks and line separators are shown as text: cells and names."""
    file = tmp_path / "hostile.csv"
    file.write_text(f"host,check,status,timestamp\n{HOSTILE}a,b,critical,1\n")
    _, out, _ = run("simulate", file)
    wrong = tmp_path / f"no{HOSTILE}.csv"
    _, _, err = run("simulate", wrong)
    assert "\\x1b[2J\\u202etxt" in out
    assert "\\u202etxt" in err
    shown = (out + err).replace("\n", "")
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Zl", "Zp"}


def test_commands_write_through_the_one_writer():
    """No module of the command line prints or echoes but `output`."""
    folder = Path(cli.__file__).parent
    sources = [path for path in folder.rglob("*.py") if path.name != "output.py"]
    assert len(sources) > 5
    assert not [path for path in sources if re.search(r"\bprint\(|\becho\(", path.read_text())]
