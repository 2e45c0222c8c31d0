"""From a folder, glob, list or dataset to pieces with known times."""
