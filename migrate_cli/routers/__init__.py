"""Front doors: what sends each room to the old or to the new server. One port, three adapters."""
