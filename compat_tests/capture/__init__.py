"""Clients that record what is on the wire."""
