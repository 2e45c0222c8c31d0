"""The formats of monitoring tools, as rows of one table."""
