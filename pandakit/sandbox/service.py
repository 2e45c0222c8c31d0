"""What the three services have in common: a WSGI application served from a thread."""

from __future__ import annotations

import json
import time
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from pandakit.sandbox.control import Call

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

    from pandakit.sandbox.control import Control
    from pandakit.sandbox.organisation import Organisation

__all__ = ["Refused", "SandboxService", "Served", "json_response", "read_json", "read_object"]

_OWN_NAMES = {"127.0.0.1", "localhost", "::1"}
_LONGEST_BODY = 10_000_000  # of a JSON request; uploads are streamed and have their own


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The service refuses a request.

    Parameters
    ----------
    status
        The HTTP status.
    message
        What the body says.
    extra
        More members of the body.
    """

    def __init__(self, status: int, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.extra = extra


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(value, ensure_ascii=False)
    return Response(text, status, headers, content_type="application/json; charset=utf-8")


class SandboxService:
    """One service as a WSGI application.

    Parameters
    ----------
    organisation
        What it serves.
    control
        Faults to show.
    awkward
        Whether to be as awkward as the service may be.
    """

    name: ClassVar[str]
    routes: ClassVar[tuple[tuple[str, str, str], ...]]  # method, path, name of the function

    def __init__(self, organisation: Organisation, control: Control, *, awkward: bool) -> None:
        self.organisation = organisation
        self.control = control
        self.awkward = awkward
        self.url = ""
        self.epoch = int(organisation.now.timestamp())
        rules = [
            Rule(path, endpoint=function, methods=[method])
            for method, path, function in self.routes
        ]
        self._map = Map(rules, strict_slashes=False, merge_slashes=False)

    def authorise(self, request: Request) -> None:
        """Raise `Refused` unless the request has the right token."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> Response:
        """Return a refusal in the service's own envelope."""
        raise NotImplementedError

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = None if self.streams(request) else _LONGEST_BODY
        time.sleep(self.control.delay)
        response = self._refuse_host(request) or self._planned(request) or self._answer(request)
        # Its clock stands still, which no client would believe of a service.
        response.headers["X-Sandbox-Time"] = http_date(self.organisation.now)
        call = Call(
            service=self.name,
            method=request.method,
            path=request.path,
            query=request.query_string.decode(),
            status=response.status_code,
        )
        self.control.note(call)
        return response(environ, start_response)

    def _refuse_host(self, request: Request) -> Response | None:
        """Refuse calls to another name: a web page must not reach us by a name of its own."""
        if urlsplit(f"//{request.host}").hostname in _OWN_NAMES:
            return None
        return self.refusal(Refused(403, "this sandbox answers on loopback only"))

    def streams(self, request: Request) -> bool:
        """Return whether the body is read in pieces, however long it is."""
        del request
        return False

    def _planned(self, request: Request) -> Response | None:
        planned = self.control.planned(self.name, request.path)
        if planned is None:
            return None
        return Response(
            planned.body, planned.status, planned.headers, content_type=planned.content_type
        )

    def _answer(self, request: Request) -> Response:
        try:
            adapter = self._map.bind_to_environ(request.environ)
            self.authorise(request)
            endpoint, arguments = adapter.match()
            response: Response = getattr(self, endpoint)(request, **arguments)
        except Refused as refused:
            return self.refusal(refused)
        except HTTPException as error:
            return self.refusal(Refused(error.code or 500, str(error.name)))
        except Exception as error:  # noqa: BLE001 - no traceback on the terminal of a notebook
            return self.refusal(Refused(500, f"the sandbox failed: {type(error).__name__}"))
        return response


def read_json(request: Request) -> Any:
    """Return the body of a request, which must be JSON."""
    try:
        body = json.loads(request.get_data())
        json.dumps(body, ensure_ascii=False).encode()  # half of a surrogate pair is not text
    except (ValueError, RecursionError):
        raise Refused(400, "Request body is not valid JSON") from None
    return body


def read_object(request: Request) -> dict[str, Any]:
    """Return the body of a request, which must be a JSON object."""
    body = read_json(request)
    if not isinstance(body, dict):
        raise Refused(400, "Request body must be an object")
    return body


class Served:
    """A service on its own port, answering from a thread.

    Parameters
    ----------
    service
        The application.
    """

    def __init__(self, service: SandboxService) -> None:
        clock = service.organisation.now

        class Handler(_Handler):
            now = clock

        self._server = make_server("127.0.0.1", 0, service, threaded=True, request_handler=Handler)
        self.url = service.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; the server releases its port when its loop ends."""
        self._server.shutdown()
        self._thread.join()


class _Handler(WSGIRequestHandler):
    now: ClassVar[datetime]

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Log nothing: a sandbox is used from notebooks."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the organisation's time, which stands still."""
        del timestamp
        return self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
