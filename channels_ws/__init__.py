"""The new server: a reusable Django app for Django Channels.

Only ``channels_ws.notify``, the publisher's side, also runs in the old environment (Python 3.9,
Django 2.2); it imports nothing else of this package.
"""
