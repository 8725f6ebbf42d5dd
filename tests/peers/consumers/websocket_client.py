"""Follows an execution with websocket-client; prints what it was told as JSON."""

import json
import sys

import websocket

messages = []
frames = 0


def on_message(socket: websocket.WebSocketApp, text: str) -> None:
    global frames
    message = json.loads(text)
    messages.append(message)
    if message["type"] == "execution_state":
        device = message["devices"][0]["device_id"]
        socket.send(json.dumps({"type": "subscribe_device", "device_id": device}))
        socket.send(json.dumps({"type": "start_preview", "device_id": device, "quality": "low"}))
    elif message["type"] == "preview_frame":
        frames += 1
        if frames == 3:
            socket.send(json.dumps({"type": "stop_preview", "device_id": message["device_id"]}))


def on_close(_: websocket.WebSocketApp, code: int, reason: str) -> None:
    print(json.dumps({"messages": messages, "code": code}))


websocket.WebSocketApp(sys.argv[1], on_message=on_message, on_close=on_close).run_forever()
