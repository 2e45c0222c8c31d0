"""BPQL, BigPanda's query language: read, written both ways, and evaluated over frames.

>>> import pandas as pd
>>> from pandakit.bpql import Bpql
>>> alerts = pd.DataFrame({"host": ["db-1", "web-1", None], "status": ["ok", "critical", "ok"]})
>>> Bpql("host = db* OR status = critical").mask(alerts)
array([ True,  True, False])
"""

from __future__ import annotations

from pandakit.bpql._columns import tag_places
from pandakit.bpql._query import Bpql

__all__ = ["Bpql", "tag_places"]
