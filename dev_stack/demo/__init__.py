"""``wsmigrate demo``: both servers side by side under one load, and what every client got."""
