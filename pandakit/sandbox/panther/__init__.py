"""Panther on loopback."""
