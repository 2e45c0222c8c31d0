"""Loads that run in a process of their own, to be killed."""

import pandakit as pk
from pandakit.bigpanda import BigPanda
from pandakit.pangea import Pangea
from pandakit.panther import Panther


def panther_of(env):
    """Make a Panther client."""
    return Panther(env["PANTHER_API_HOST"], env["PANTHER_API_TOKEN"])


def bigpanda_of(env):
    """Make a BigPanda client."""
    return BigPanda(env["BIGPANDA_API_KEY"], base_url=env["BIGPANDA_BASE_URL"], rate=None)


def pangea_of(env):
    """Make a Pangea client."""
    return Pangea(
        env["PANGEA_AUDIT_TOKEN"],
        base_url_template=env["PANGEA_BASE_URL_TEMPLATE"],
        config_id=env["PANGEA_AUDIT_CONFIG_ID"],
    )


# Name to what makes the client, the loader and its arguments.
LOADS = {
    "alerts": (panther_of, "alerts", {"start": "30d"}),
    "incidents": (bigpanda_of, "incidents", {"environment": "All Incidents"}),
    "search": (pangea_of, "search", {"start": "2026-01-01"}),
}


def load(name, env, folder):
    """Load a list with a store."""
    make, loader, arguments = LOADS[name]
    with make(env) as client:
        return getattr(client, loader)(**arguments, store=folder, progress=False)


def load_and_tell(name, env, folder, ready, path=None):
    """Say that the load begins, load, and save the frame if there is a path for it."""
    ready.set()
    frame = load(name, env, folder)
    if path:
        pk.save(frame, path)
