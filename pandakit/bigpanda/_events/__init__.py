"""Events at BigPanda: those that integrations sent, and those that we send."""
