"""Alerts to incidents once more, for settings under which the newest entries decide alone."""
