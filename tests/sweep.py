"""The last step of every run: nothing that the run leaves behind has a token in it.

A plugin of pytest, loaded by `tests/conftest.py`. While the run goes on it looks at what every
test printed and logged (at DEBUG), at warnings and at the outputs of notebooks; at the end at
every file under the temporary folder and in the repository, unpacked. It also notes every token
that a client was given, so that the search cannot miss one. A finding fails the run.

Under pytest-xdist every worker searches what its tests print and reveal, and sends its findings
to the controller, which alone searches the files, after the last worker has ended.
"""

from __future__ import annotations

import fnmatch
import hashlib
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandakit.redaction import Secret
from tests.artefacts import inside
from tests.tokens import holds_token, is_known

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a token stands on purpose (path below the repository or the temporary folder), and why.
ON_PURPOSE = (
    ("*/work/.env", "the file under test is where users keep their tokens"),
    ("*/config/config.toml", "the file under test is where users keep their tokens"),
    ("*/netrc", "the file under test is where users keep their passwords"),
    ("*/pandakit-*.whl", "the wheel holds the source that makes the sandbox's tokens"),
    (".hypothesis/constants/*", "Hypothesis lists the constants of our sources"),
)
_LOGGERS = ("pandakit", "requests", "urllib3", "werkzeug")
# Written anew by a run: only what this one wrote is looked at.
_CACHES = (".hypothesis", ".pytest_cache")
_SOURCES = (".py", ".pyc")  # the tokens of the tests stand in them


class Sweep:
    """Collects the places where a token was found."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started = time.time()
        self.found: dict[str, None] = {}
        self._clean: set[bytes] = set()

    def look(self, where: str, what: bytes | str) -> None:
        """Search one artefact."""
        data = what.encode("utf-8", "replace") if isinstance(what, str) else what
        mark = hashlib.blake2b(data).digest()
        if mark in self._clean:
            return
        if any(map(holds_token, inside(data))):
            told = where.partition("::")[0] if holds_token(where.encode()) else where
            self.found[told] = None
        else:
            self._clean.add(mark)

    def look_into(self, folder: Path, since: float = 0.0) -> None:
        """Search every file of a folder."""
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            if path.stat().st_mtime < since or _on_purpose(path.as_posix()):
                continue
            try:
                self.look(f"{folder.name}/{name}", path.read_bytes())
            except OSError as error:
                self.found[f"{folder.name}/{name} cannot be searched: {error}"] = None

    def note_token(self, token: str) -> None:
        """Check that a token in use is one that is searched for."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "no test").partition(" ")[0]
        if not is_known(token) and not test.startswith("pandakit/"):  # a docstring's example
            self.found[f"{test} uses a token that is not in tests/tokens.py"] = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search the name, the output and the log of a test."""
        self.look(f"name of {report.nodeid}", report.nodeid)
        for title, text in report.sections:
            self.look(f"{title}: {report.nodeid}", text)

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Search what a cell of a notebook gave."""
        outputs = getattr(item, "test_outputs", None)
        if outputs:
            self.look(f"output: {item.nodeid}", repr(outputs))

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        """Search a warning."""
        self.look(f"warning: {nodeid}", str(warning_message.message))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search the files, and fail the run for what was found."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["tokens_found"] = list(self.found)
            return
        temporary = session.config._tmp_path_factory._basetemp  # none was made: none is wanted
        if temporary is not None:
            self.look_into(temporary)
        self.look_into(self.root)
        for name in _CACHES:
            self.look_into(self.root / name, self.started)
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of pytest-xdist found; one that crashed fails the run anyway."""
        self.found |= dict.fromkeys(getattr(node, "workeroutput", {}).get("tokens_found", ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where."""
        if self.found:
            terminalreporter.section("tokens were left behind", red=True)
            terminalreporter.write_line("\n".join(self.found))


def _files(folder: Path) -> Iterator[Path]:
    """Give the files that are no sources, without those in hidden folders."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        for name in names:
            path = Path(place, name)
            if path.suffix not in _SOURCES and path.is_file():
                yield path


def _on_purpose(path: str) -> bool:
    return any(fnmatch.fnmatch(path, f"*{pattern}") for pattern, _ in ON_PURPOSE)


def pytest_configure(config: pytest.Config) -> None:
    """Start to listen."""
    sweep = Sweep(config.rootpath)
    config.pluginmanager.register(sweep, "sweep")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    reveal = Secret.reveal

    def noted(self: Secret) -> str:
        token = reveal(self)
        sweep.note_token(token)
        return token

    Secret.reveal = noted
    config.add_cleanup(lambda: setattr(Secret, "reveal", reveal))
