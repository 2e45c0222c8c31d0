"""From a folder, glob, list or dataset to pieces whose times are known."""
