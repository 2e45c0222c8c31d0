"""Mapping enrichments: schemas, tables, uploads and their jobs."""
