"""The page "Your own events" says what `read_events` does."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import pandakit as pk
from pandakit.cli.policy_file import choose_policy
from pandakit.cli.toml_file import read_toml
from pandakit.events._profiles.table import PROFILES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "your-own-events.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_example_runs(monkeypatch):
    """The examples give what the page shows, one for each profile."""
    monkeypatch.chdir(ROOT)
    text = re.sub(r"^```.*$", "", TEXT, flags=re.MULTILINE)  # doctest knows no fences
    page = doctest.DocTestParser().get_doctest(text, {}, "page", str(PAGE), 0)
    done = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(page)
    assert (done.failed, done.attempted > 30) == (0, True)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.label)
def test_every_profile_is_on_the_page_with_its_source(profile):
    """Each name has an example, and each form the title of the page that describes it."""
    for name in profile.names:
        assert f'profile="{name}"' in TEXT
    assert profile.source in " ".join(TEXT.split())


def test_every_argument_is_on_the_page():
    """The tables explain each argument of the function."""
    for name in list(inspect.signature(pk.read_events).parameters)[1:]:
        assert f"`{name}`" in TEXT


def test_the_files_for_the_command_line_are_read(tmp_path):
    """Both TOML files of the page have a meaning."""
    mapping, policy = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "alarms.toml").write_text(mapping)
    assert read_toml(tmp_path / "alarms.toml", "--mapping")["columns"]["host"] == "device"
    (tmp_path / "policy.toml").write_text(policy)
    chosen = choose_policy(
        dict(policy=str(tmp_path / "policy.toml"), window=(), anchor=None, reopen_window=None)  # noqa: C408
    )
    assert (chosen.anchor, chosen.reopen_window, chosen.patterns[0].name) == (
        "latest",
        None,
        "host",
    )
