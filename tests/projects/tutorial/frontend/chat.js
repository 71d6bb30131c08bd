const socket = new WebSocket('ws://localhost:8080/' + room)
socket.onmessage = (event) => show(JSON.parse(event.data))
