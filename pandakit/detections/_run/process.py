"""The caller's side of the process that runs detections: it limits time, and restarts it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Runner", "StoppedError"]

Message = dict[str, Any]

_MEMORY = 1024**3
_TO_START = 60.0
_ROOT = str(Path(__file__).parents[3])
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from pandakit.detections._run.worker import main; main()"
)
# The caller's environment may hold secrets. A fixed hash seed makes the order of sets, and so the
# text of outputs, the same each time.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "TZ": "UTC"}
_KEPT = ("SYSTEMROOT",)  # Windows cannot start a process without it


class StoppedError(Exception):
    """The process exited, or was killed, during a request."""


class Runner:
    """Runs requests in a separate process; a context manager.

    Parameters
    ----------
    globals_
        Helpers: id to Python source.
    data_models
        Data models as dicts.
    timeout
        Seconds that a request may take.
    """

    def __init__(
        self, globals_: Mapping[str, str], data_models: list[Message], timeout: float
    ) -> None:
        self._start_request = {
            "do": "start",
            "globals": dict(globals_),
            "data_models": data_models,
            "memory": _MEMORY,
        }
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._loaded: Message | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def load(self, row: Message) -> str | None:
        """Load a detection; return why it cannot be loaded, or `None`."""
        self._loaded = None
        try:
            answer = self._ask({"do": "load", "row": row})
        except StoppedError as error:
            return str(error)
        if "error" in answer:
            return str(answer["error"])
        self._loaded = row
        return None

    def run(self, request: Message) -> Message:
        """Run a request on the loaded detection; an answer with `error` says why it failed."""
        try:
            if self._process is None and self._loaded is not None:
                self._ask({"do": "load", "row": self._loaded})
            return self._ask(request)
        except StoppedError as error:
            return {"error": str(error)}

    def _ask(self, request: Message) -> Message:
        process = self._process or self._start()
        answer = self._exchange(process, request, self._timeout)
        if answer.pop("spent", False):
            self._stop()  # its memory is exhausted
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-P", "-s", "-B", "-c", _CODE, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | _ENVIRONMENT,
            cwd=os.sep,
            start_new_session=True,
        )
        self._process = process
        self._answers = queue.SimpleQueue()
        Thread(target=_read, args=(process.stdout, self._answers), daemon=True).start()
        self._exchange(process, self._start_request, _TO_START)
        return process

    def _exchange(
        self, process: subprocess.Popen[bytes], request: Message, timeout: float
    ) -> Message:
        pipe = process.stdin
        assert pipe is not None  # noqa: S101 - it was asked for
        try:
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            self._stop()
            raise StoppedError(f"it ran longer than {timeout:g} s and was stopped") from None
        except OSError:
            line = b""
        if not line:
            self._stop()
            raise StoppedError(f"it ended the process (exit code {process.returncode})")
        answer = _read_answer(line, request)
        if answer is None:
            self._stop()
            raise StoppedError("it changed the process that runs it, which was stopped")
        return answer

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(0)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _read_answer(line: bytes, request: Message) -> Message | None:
    """Return the answer to a request; `None` for anything else, such as after a changed `json`."""
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    done = answer.pop("done", None) if isinstance(answer, dict) else None
    return answer if done == request["do"] else None


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:  # the caller no longer reads
        return


def _read(pipe: Any, answers: queue.SimpleQueue[bytes]) -> None:
    """Pass on each line, and an empty one at the end."""
    try:
        for line in pipe:
            answers.put(line)
    except ValueError:  # closed while it was read
        return
    finally:
        answers.put(b"")
