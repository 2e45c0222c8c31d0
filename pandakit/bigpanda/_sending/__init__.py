"""Send alerts: rows are checked and become payloads, which are sent in batches."""
