"""Rows with the same text: within a table, between two tables, and between a table and alerts."""
