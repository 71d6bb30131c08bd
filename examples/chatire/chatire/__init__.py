"""The sample site of wsmigrate: a chat over HTTP and WebSocket."""
