"""What a consolidation shows: frames, the funnel, HTML."""
