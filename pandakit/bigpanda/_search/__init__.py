"""Searching for incidents: what is asked, and how a moving list is read completely."""
