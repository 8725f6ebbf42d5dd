"""Follows an execution with aiohttp's client; prints what it was told as JSON."""

import asyncio
import json
import sys

import aiohttp


async def follow(url: str) -> None:
    messages = []
    frames = 0
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
        async for packet in socket:
            message = packet.json()
            messages.append(message)
            if message["type"] == "execution_state":
                device = message["devices"][0]["device_id"]
                await socket.send_json({"type": "subscribe_device", "device_id": device})
                await socket.send_json({"type": "start_preview", "device_id": device, "quality": "low"})
            elif message["type"] == "preview_frame":
                frames += 1
                if frames == 3:
                    await socket.send_json({"type": "stop_preview", "device_id": message["device_id"]})
        print(json.dumps({"messages": messages, "code": socket.close_code}))


asyncio.run(follow(sys.argv[1]))
