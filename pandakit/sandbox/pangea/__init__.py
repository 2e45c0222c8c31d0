"""Pangea on loopback."""
