"""The engine: rows to alerts to incidents, over arrays."""
