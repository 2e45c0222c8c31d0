"""Read events: columns of the caller's table become whole numbers."""
