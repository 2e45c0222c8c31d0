"""The result folder, which is complete or does not exist."""
