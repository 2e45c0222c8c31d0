"""From a path to tables of raw columns."""
