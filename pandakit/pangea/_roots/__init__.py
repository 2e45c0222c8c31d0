"""Where roots are published, and how many are fetched in parallel."""
