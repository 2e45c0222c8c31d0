"""BigPanda on loopback."""
