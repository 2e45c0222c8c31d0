"""Environments, incidents, their alerts and activities."""
