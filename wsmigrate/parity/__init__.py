"""The pure part of the parity suite: what was on the wire of two servers, compared.

frames, messages      bytes of a socket -> frames -> messages
recording, …_file     what a client got, in memory and as JSON Lines
comparison            two clients of a room -> differences, each with a kind
rules/                which differences are ignored, and why; one file each
verdicts              differences and figures -> a verdict
"""
