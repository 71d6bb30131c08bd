"""Talking back: what clients send over their sockets goes to their room, if that is switched on."""
