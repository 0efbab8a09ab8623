"""The page in the browser: aiohttp, a WebSocket, static files; nothing of it is imported unless it is switched on."""
