"""Putting the rows of all files in the order of time, with bounded memory."""
