"""A pytest plugin: a process that lacks what a browser lacks, such as threads and sockets."""

from __future__ import annotations

import mmap
import os
import socket
import sys
import threading

import pyarrow as pa
import pyarrow.fs  # before version 18 it loads ssl, but not in a browser

# Of the standard library what Pyodide has not, and packages that are not built for it or need
# what it has not.
MISSING = (
    *("_multiprocessing", "fcntl", "grp", "lzma", "pwd", "readline", "resource", "ssl", "termios"),
    *("distributed", "duckdb", "numba", "werkzeug"),
)


class Missing:
    """Finds none of the modules that a browser does not have."""

    def find_spec(self, name, path=None, target=None):
        """Raise for a missing module."""
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class NoSocket(socket.socket):
    """A socket that does not open."""

    def __new__(cls, *_, **__):
        """Raise."""
        raise OSError("there are no sockets")


def no_map(*_, **__):
    """Raise as on a browser's file system."""
    raise OSError("Memory mapping file failed: No such device")


def no_thread(*_):
    """Raise as Pyodide does."""
    raise RuntimeError("can't start new thread")


def install():
    """Take from this process what a browser does not have."""
    os.environ["PANDAKIT_NO_NUMBA"] = "1"
    for name in {"ssl"} & sys.modules.keys():
        del sys.modules[name]
    sys.meta_path.insert(0, Missing())
    socket.socket = NoSocket
    threading.Thread.start = no_thread
    pa.memory_map = mmap.mmap = no_map


def pytest_load_initial_conftests():
    """Do so before anything of pandakit is imported: for `-p tests.browser` alone."""
    install()
