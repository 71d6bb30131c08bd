"""The pure core of wsmigrate: what the old server, the new server, the bridge and the tools share.

Standard library only, no I/O, and it runs on Python 3.9 as well, because a site switches its
publishers before it upgrades.
"""

__version__ = "0.1.0"
