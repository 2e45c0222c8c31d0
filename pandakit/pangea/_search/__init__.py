"""How a search is read: deferred replies, and pages."""
