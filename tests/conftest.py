"""What every test gets: no settings of the machine, no network settings, its own folder."""

import pytest
from hypothesis import settings

from pandakit.settings import SETTINGS
from tests import fuzz  # noqa: F401 - it registers the profile

settings.load_profile("pandakit")
pytest_plugins = ("tests.parallel", "tests.sweep")


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch, tmp_path):
    """Tests see neither the developer's tokens nor a `.env` that lies about."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@pytest.fixture
def run(capsys):
    """Run the command line in this process and give exit code, output and errors."""
    from pandakit import cli

    def run(*arguments):
        code = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
