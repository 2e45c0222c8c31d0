"""Where a table comes from: a frame or a CSV file, as stretches of text."""
