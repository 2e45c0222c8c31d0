"""Upload an enrichment table, and follow its job."""
