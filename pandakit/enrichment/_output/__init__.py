"""What a report shows."""
