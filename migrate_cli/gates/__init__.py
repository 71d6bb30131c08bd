"""Measuring for the gates of a step, on the running site, and asking further gates."""
