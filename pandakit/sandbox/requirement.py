"""Imported first: says what is missing, before a server's import fails without a hint."""

from __future__ import annotations

from importlib.util import find_spec

from pandakit.browser import need_network

need_network("the sandbox")
if find_spec("werkzeug") is None:
    raise ModuleNotFoundError(
        "the sandbox needs werkzeug: pip install 'pandakit[sandbox]'", name="werkzeug"
    )
