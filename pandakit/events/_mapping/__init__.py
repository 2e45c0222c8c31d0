"""From raw columns to the columns of events."""
