"""Sending alerts: rows checked and turned into payloads, and payloads sent in batches."""
