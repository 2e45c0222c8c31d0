"""Events to alerts: the life of each identity."""
