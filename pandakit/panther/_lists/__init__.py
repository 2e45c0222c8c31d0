"""How Panther's lists are declared and read: entities < filters and resources < listings."""
