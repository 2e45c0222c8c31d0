"""What the process that runs detections may not do.

The guard prevents accidents, not malice: a rule can break out of a Python process if it tries.
"""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["guard", "limit_memory"]

_FORBIDDEN = {
    **dict.fromkeys(
        ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system",
         "os.startfile", "subprocess.Popen", "pty.spawn"),
        "detections may not start a process",
    ),
    **dict.fromkeys(
        ("os.kill", "os.killpg", "signal.pthread_kill"), "detections may not signal a process"
    ),
    **dict.fromkeys(
        ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
         "os.chmod", "os.chown", "shutil.rmtree", "shutil.move", "shutil.copyfile"),
        "detections may not change files",
    ),
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


def guard() -> None:
    """Refuse network, child processes and changes of files, until the process ends."""
    sys.addaudithook(_refuse)


def _refuse(name: str, arguments: tuple[Any, ...]) -> None:
    if name.startswith("socket."):
        raise PermissionError("detections may not use the network")
    if name in _FORBIDDEN:
        raise PermissionError(_FORBIDDEN[name])
    if name == "open" and arguments[0] != os.devnull and arguments[2] & _WRITING:
        raise PermissionError("detections may not write files")


def limit_memory(bytes_at_most: int) -> None:
    """Bound the memory of this process, where the platform can."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (bytes_at_most, bytes_at_most))
