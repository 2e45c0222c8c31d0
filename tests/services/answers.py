"""Answers of a service, recorded and played again with one thing about them changed."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import requests
import requests.adapters
import urllib3

ODD = (
    None, True, False, 0, -1, 7, 10**30, 1.5, -1e308, "", "text", "é\x00\ud800", "x" * 5000,
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "../../admin", "//[bad/x",
    "http://[bad/x", "http://elsewhere.example/x", [], [None], [[]], ["a", 1], [{}], {},
    {"a": 1}, {"": None}, {"id": []}, [[[[[]]]]], float("nan"), float("inf"), "NaN",
    "-0", "\x1b[2J",
)  # fmt: skip
HEADERS = {
    "Location": ("http://[bad/x", "http://elsewhere.example/", "", "\xff", "/x" * 3000, "//"),
    "Retry-After": ("1" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "x", "-1", "1e5"),
    "Date": ("Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x", "0"),
    "X-Request-Id": ("", "\xff" * 900, "x\ty"),
    "Content-Type": ("text/html", "", "application/json; charset=utf-99"),
    "Content-Encoding": ("gzip", "br", "identity, gzip", "\xff"),
    "Content-Length": ("0", "-1", "x", "1, 2", "9" * 30),
    "X-Sandbox-Time": ("x", "Fri, 31 Dec 9999 23:59:59 GMT"),
}
STATUSES = (
    200, 201, 202, 204, 301, 304, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 503, 599,
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Answer:
    """One recorded answer, and the path and the whole of what was asked."""

    status: int
    headers: dict[str, str]
    body: bytes
    path: str
    asked: tuple[str, str, bytes]


@dataclass(eq=False)
class Tape(requests.adapters.BaseAdapter):
    """Records the answers of an operation, or plays them again with one of them changed."""

    real: requests.adapters.HTTPAdapter | None = None
    answers: list[Answer] = field(default_factory=list)
    played: list[int] = field(default_factory=list)

    def send(self, request, *_args, **options):
        """Answer a request from the service or from the tape."""
        path = urlsplit(request.url).path
        body = request.body
        asked = (request.method, request.url, body if isinstance(body, (str, bytes)) else b"file")
        if self.real is None:
            if hasattr(body, "read"):
                body.read()
            return _response(request, self._recorded(path, asked))
        options["stream"] = False
        reply = self.real.send(request, **options)
        kept = {name: reply.headers[name] for name in reply.headers if name != "Connection"}
        answer = Answer(reply.status_code, kept, reply.content, path, asked)
        self.answers.append(answer)
        return _response(request, answer)

    def _recorded(self, path, asked):
        """Return the next answer to this request, or else to the path, or else any."""
        numbers = range(len(self.answers))
        same = [number for number in numbers if self.answers[number].asked == asked]
        alike = [number for number in numbers if self.answers[number].path == path]
        fitting = same or alike or [*numbers]
        number = next((number for number in fitting if number not in self.played), fitting[-1])
        self.played.append(number)
        return self.answers[number]

    def close(self):
        """Release the connections of the recording."""
        if self.real is not None:
            self.real.close()


def _response(request, answer):
    made = requests.Response()
    made.status_code, made.request, made.url = answer.status, request, request.url
    made.headers = requests.structures.CaseInsensitiveDict(answer.headers)
    made.raw = urllib3.HTTPResponse(
        io.BytesIO(answer.body), answer.headers, answer.status, preload_content=False
    )
    return made


def mutated(answer, chance):
    """Change one node of the document, one byte, one header or the status."""
    kind = chance.random()
    if kind < 0.1:
        name = chance.choice(list(HEADERS))
        return replace(answer, headers=answer.headers | {name: chance.choice(HEADERS[name])})
    if kind < 0.15:
        return replace(answer, status=chance.choice(STATUSES))
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    if kind < 0.25:
        return replace(answer, headers=headers, body=with_another_byte(answer.body, chance))
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    body = json.dumps(replaced(document, chance)).encode()
    return replace(answer, headers=headers, body=body)


def with_another_byte(body, chance):
    """Replace a byte, or cut the text there."""
    place = chance.randrange(len(body) + 1)
    rest = body[place + 1 :] if chance.random() < 0.8 else b""
    return body[:place] + bytes([chance.randrange(256)]) + rest


def replaced(document, chance):
    """Replace one node, at any depth, by a value of another kind; or take it away."""
    node, path = document, []
    while isinstance(node, (dict, list)) and node and chance.random() < 0.85:
        step = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        path.append(step)
        node = node[step]
    odd = chance.choice(ODD)
    if not path:
        return odd
    changed = copy.deepcopy(document)
    *way, last = path
    parent = changed
    for step in way:
        parent = parent[step]
    if chance.random() < 0.1:
        del parent[last]
    else:
        parent[last] = odd
    return changed
