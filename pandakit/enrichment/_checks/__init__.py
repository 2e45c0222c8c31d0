"""The rules that look at bytes, cells and columns."""
