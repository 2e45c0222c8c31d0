"""What there is to verify: events, proofs and roots, read without losing anything."""
