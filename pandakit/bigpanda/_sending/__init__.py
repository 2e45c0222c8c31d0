"""Sending alerts: rows judged and turned into payloads, and payloads sent in batches."""
