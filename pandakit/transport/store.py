"""Keep the replies of a load in a folder, so that it can continue after its process died.

Each question has a folder, and each of its loads a numbered one below it::

    FOLDER/panther-rules-4b1f…/account           a salted mark of the token
                               1/moment          what "now" meant when the load began
                               1/9c02…-0.reply   the first reply to a call
                               1/result.parquet  the frame, where it can be brought up to date
                               1/finished        the load came to its end

A load continues in the newest folder until it is finished; then the next one starts. Files are
written whole or not at all, and start with a checksum of their place and content; a file that is
damaged, or belongs elsewhere, counts as missing. Processes that share a folder share its replies.
Tokens are in no file's name or content, and a reply that repeats one is not kept. A short mark of
the token distinguishes accounts.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pandakit.errors import PandakitError, SettingsError, StoreWarning, warn_user
from pandakit.files import atomic_write
from pandakit.redaction import holds_secret
from pandakit.snapshot import load, save
from pandakit.transport.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pandakit.transport.service import Call

__all__ = ["StorePath", "StoredLoad", "open_load"]

StorePath: TypeAlias = str | os.PathLike[str]

_VERSION = 2
_DIGITS = 16  # hexadecimal digits of the hash in a folder's name
_MOMENT, _FINISHED, _RESULT = "moment", "finished", "result.parquet"
_ACCOUNT = "../account"  # of all loads of the question
_PLACE = "pandakit-store"  # in the attrs of a saved frame: where it belongs
_SALT = 16  # bytes
_ACCEPTED = 202


class StoredLoad:
    """One load's folder.

    Parameters
    ----------
    question
        The folder of the question.
    number
        The number of the load.
    """

    def __init__(self, question: Path, number: int) -> None:
        self._question, self._number = question, number
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sent: Counter[str] = Counter()
        self.has_replies = any(self._folder.glob("*.reply"))
        """Whether an earlier process kept replies of this load."""
        self.n_found = self.n_new = self.n_damaged = 0
        """The numbers of replies from the folder, replies from the service, and damaged files."""
        self._is_secret = False

    def __str__(self) -> str:
        return str(self._folder)

    @property
    def _folder(self) -> Path:
        return self._question / str(self._number)

    @property
    def has_moment(self) -> bool:
        """Whether this or an earlier process has used `moment`."""
        return (self._folder / _MOMENT).exists()

    def moment(self, now: Callable[[], float]) -> float:
        """Return when the load began, in seconds since 1970; the first call stores `now()`."""
        kept = self._read(_MOMENT)
        if kept is None:
            self._write(_MOMENT, repr(now()).encode(), overwrite=self.n_damaged > 0)
            kept = self._read(_MOMENT)
        return now() if kept is None else float(kept)

    def note_token(self, mark: Callable[[bytes], str]) -> None:
        """Store a salted mark of the token; warn if the question has the mark of another token."""
        kept = self._read(_ACCOUNT)
        salt, known = kept.split() if kept else (secrets.token_hex(_SALT).encode(), b"")
        marked = mark(bytes.fromhex(salt.decode())).encode()
        if known and known != marked:
            warn_user(
                f"{self._question} has pages that another token fetched; if that is of another "
                "account, use a folder for each: this frame may have rows of both",
                StoreWarning,
            )
        if known != marked:
            self._write(_ACCOUNT, salt + b" " + marked)

    def find(self, call: Call) -> Reply | None:
        """Return the reply to a call, if it was kept; the n-th reply to the n-th such call."""
        key = _key(call)
        name = _reply_name(key, self._sent[key])
        content = self._read(name)
        if content is None:
            return None
        head, _, body = content.partition(b"\n")
        known = json.loads(head)
        self._sent[key] += 1
        self.n_found += 1
        return self._forgettable(Reply(known["status"], {}, body, known["url"], attempts=0), name)

    def add(self, call: Call, reply: Reply) -> Reply:
        """Keep the reply to a call, and return one that is forgotten if it cannot be read."""
        self.n_new += 1
        if reply.status == _ACCEPTED and call.method == "GET":
            return reply  # still running: the next process sends the call again
        if holds_secret(reply.content):
            self._is_secret = True
            return reply
        key = _key(call)
        name = _reply_name(key, self._sent[key])
        self._sent[key] += 1
        head = json.dumps({"status": reply.status, "url": reply.url}).encode()
        self._write(name, head + b"\n" + reply.content)
        return self._forgettable(reply, name)

    def following(self) -> StoredLoad:
        """Return a new load of the same question, without replies."""
        return _opened(self._question, lambda: self._number + 1)

    def finish(self, frame: pd.DataFrame | None) -> None:
        """Mark the load as finished, with a frame that can be brought up to date."""
        if frame is not None and not self._is_secret:
            placed = frame.copy(deep=False)
            placed.attrs = {**frame.attrs, _PLACE: self._place(self._number, _RESULT)}
            # If the frame cannot be saved, or the folder is gone, it is loaded again next time.
            with suppress(TypeError, ValueError, OSError):
                save(placed, self._folder / _RESULT)
        self._write(_FINISHED, b"")
        for number in _numbers(self._question):
            if number < self._number:
                shutil.rmtree(self._question / str(number), ignore_errors=True)

    def earlier_result(self) -> tuple[bool, pd.DataFrame | None]:
        """Return whether an earlier load was finished, and its frame if it can still be read."""
        finished = [
            number
            for number in _numbers(self._question)
            if number < self._number and (self._question / str(number) / _FINISHED).exists()
        ]
        if not finished:
            return False, None
        return True, self._result(finished[-1])

    def _result(self, number: int) -> pd.DataFrame | None:
        try:
            frame = load(self._question / str(number) / _RESULT)
        except FileNotFoundError:
            return None
        except (PandakitError, OSError):
            self.n_damaged += 1
            return None
        if frame.attrs.pop(_PLACE, None) == self._place(number, _RESULT):
            return frame
        self.n_damaged += 1
        return None

    def _forgettable(self, reply: Reply, name: str) -> Reply:
        def forget() -> None:
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)

        return replace(reply, forget=forget)

    def _place(self, number: int, name: str) -> str:
        """Return what tells a file from those of other loads and questions."""
        return os.path.normpath(f"{self._question.name}/{number}/{name}")

    def _read(self, name: str) -> bytes | None:
        """Return a file's content; `None` if it is missing or damaged."""
        path = self._folder / name
        try:
            is_file = stat.S_ISREG(path.stat().st_mode)  # a pipe would be waited for
            content = path.read_bytes() if is_file else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            fault = str(error)
        else:
            digest, _, rest = content.partition(b"\n")
            if digest == _checksum(self._place(self._number, name), rest):
                return rest
            self.n_damaged += 1
            return None
        raise PandakitError(f"the store cannot be read ({fault}): choose another folder")

    def _write(self, name: str, content: bytes, *, overwrite: bool = True) -> None:
        path = self._folder / name
        try:
            with atomic_write(path, overwrite=overwrite) as file:
                file.write(_checksum(self._place(self._number, name), content) + b"\n" + content)
        except FileExistsError:
            return
        except OSError as error:
            if not self._folder.exists():
                return  # another process finished a newer load of the same question
            fault = str(error)
        else:
            return
        raise PandakitError(
            f"the store cannot be written ({fault}): free space or choose another folder"
        )


def open_load(folder: StorePath, question: dict[str, Any]) -> StoredLoad:
    """Return the unfinished load of a question, or a new one.

    Parameters
    ----------
    folder
        The folder of all questions; it is created if needed.
    question
        Its identity: `service`, `host`, `operation` and the arguments, as JSON values.

    Raises
    ------
    SettingsError
        When the folder cannot be made or read.
    """
    text = json.dumps({"version": _VERSION, **question}, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    name = f"{question['service']}-{question['operation']}-{digest}".lower()
    path = Path(folder) / name

    def newest() -> int:
        last = max(_numbers(path), default=0)
        return last + (last == 0 or (path / str(last) / _FINISHED).exists())

    return _opened(path, newest)


def _opened(question: Path, number: Callable[[], int]) -> StoredLoad:
    try:
        return StoredLoad(question, number())
    except OSError as error:
        fault = str(error)
    raise SettingsError(
        f"store={str(question.parent)!r} cannot be used ({fault}): pass another folder"
    )


def _numbers(question: Path) -> list[int]:
    """Return the numbers of a question's loads in ascending order."""
    if not question.exists():
        return []
    return sorted(int(each.name) for each in question.iterdir() if each.name.isdecimal())


def _key(call: Call) -> str:
    text = json.dumps(
        [call.method, call.url, call.plain_params(), call.json], sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _reply_name(key: str, time: int) -> str:
    return f"{key}-{time}.reply"


def _checksum(place: str, content: bytes) -> bytes:
    digest = hashlib.sha256(place.encode() + b"\n")
    digest.update(content)
    return digest.hexdigest().encode()
