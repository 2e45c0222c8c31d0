"""Which patterns an alert matches, and with which values."""
