"""BigPanda's lists as data, and their rows as frames."""
