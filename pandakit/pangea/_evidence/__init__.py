"""The evidence to verify: events, proofs and roots, read without loss."""
