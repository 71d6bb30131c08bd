"""Complete configurations for a front door that is new."""
