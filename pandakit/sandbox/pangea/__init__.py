"""The Secure Audit Log on loopback."""
