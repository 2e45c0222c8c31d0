"""Match alerts with the rows of a table."""
