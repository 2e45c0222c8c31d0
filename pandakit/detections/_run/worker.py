"""The process that runs detections: it reads requests and writes outcomes, as lines of JSON.

It imports neither pandas nor any of the caller's modules, so that it starts quickly.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

from pandakit.detections._run.engine import Detection
from pandakit.detections._run.guard import guard, limit_memory
from pandakit.detections._run.models import DataModels
from pandakit.detections._run.modules import Cache, Helpers, describe, install_stand_ins

__all__ = ["main"]

Message = dict[str, Any]


class Worker:
    """Keeps the loaded detection from one request to the next."""

    def __init__(self, request: Message) -> None:
        self._helpers = Helpers(request["globals"])
        self._models = DataModels(request["data_models"])
        self._cache = Cache()
        self._detection: Detection | None = None
        install_stand_ins(self._cache)
        sys.meta_path.insert(0, self._helpers)

    def load(self, request: Message) -> Message:
        """Load a detection; later requests are about it."""
        self._detection = None
        self._forget()
        detection = Detection(request["row"], self._models)
        if (broken := self._broken()) is not None:  # even if the body caught the error
            return {"error": broken}
        self._detection = detection
        return {}

    def test(self, request: Message) -> Message:
        """Run all functions of the detection on the event of a unit test."""
        detection = self._loaded()
        self._forget()
        with detection.mocked(request["mocks"]):
            event = detection.event(request["event"])
            main = detection.main(event)
            functions = detection.optional(event)
        return {"main": main, "functions": functions, "broken": self._broken()}

    def events(self, request: Message) -> Message:
        """Run the detection on events; the optional functions on those that match."""
        outcomes = [self._match(number, data) for number, data in request["events"]]
        return {"outcomes": [each for each in outcomes if each is not None]}

    def _match(self, number: int, data: Message) -> Message | None:
        detection = self._loaded()
        event = detection.event(data)
        triggered, error = detection.main(event)
        if error is not None:
            return {"event": number, "error": error}
        if not triggered:
            return None
        functions = detection.optional(event)
        return {
            "event": number,
            "functions": functions,
            "dedup": detection.dedup_of(functions),
            "severity": detection.severity_of(functions.get("severity")),
        }

    def _loaded(self) -> Detection:
        if self._detection is None:
            raise RuntimeError("no detection is loaded")
        return self._detection

    def _forget(self) -> None:
        self._cache.clear()
        self._helpers.broken.clear()
        self._models.broken.clear()

    def _broken(self) -> str | None:
        return next(iter([*self._helpers.broken, *self._models.broken]), None)


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = _own_streams()
    worker: Worker | None = None
    for line in requests:
        request = json.loads(line)
        if request["do"] == "start":
            worker = Worker(request)
            limit_memory(request["memory"])
            guard()
            answer: Message = {}
        else:
            answer = _answer(worker, request)
        answer["done"] = request["do"]
        answers.write(json.dumps(answer, default=str).encode() + b"\n")
        answers.flush()


def _answer(worker: Worker | None, request: Message) -> Message:
    try:
        answer: Message = getattr(worker, request["do"])(request)
    except MemoryError:
        return {"error": "MemoryError: it needs more memory than it may have", "spent": True}
    except BaseException as error:  # noqa: BLE001 - even SystemExit fails only this request
        return {"error": describe(error)}
    return answer


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Hide the pipes from detections, whose `print` would be read as a response."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return requests, answers
