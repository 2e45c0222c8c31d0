"""Tasks that any executor can run: plain functions from paths to paths."""
