"""Where a table comes from: a frame or a CSV file, read as batches of text."""
