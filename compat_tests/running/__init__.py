"""Acts cases out on both servers, and judges what their clients got."""
