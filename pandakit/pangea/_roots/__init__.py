"""Where roots are published, and how many are fetched at once."""
