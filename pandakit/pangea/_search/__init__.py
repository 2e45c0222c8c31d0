"""How a search is read: replies that come later, and pages."""
