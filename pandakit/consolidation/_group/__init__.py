"""Alerts to incidents: which entry takes each alert in."""
