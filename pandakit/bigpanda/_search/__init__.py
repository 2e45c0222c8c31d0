"""Search for incidents: the query, and how a moving list is read completely."""
