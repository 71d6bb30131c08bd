"""The command line ``wsmigrate``. Thin: every command calls into a part of its own."""
