"""Uploading an enrichment table, and following its job."""
