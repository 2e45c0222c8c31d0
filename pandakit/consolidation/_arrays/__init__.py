"""What every stage works with: the caller's table, numbers for texts, compiled code."""
