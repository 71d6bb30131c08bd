"""``wsmigrate rehearse``: a whole cutover on the local stack, under load, with faults."""
