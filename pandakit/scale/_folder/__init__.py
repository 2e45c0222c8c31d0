"""The result folder: complete, or not there."""
