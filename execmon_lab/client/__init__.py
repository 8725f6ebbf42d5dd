"""Follow an execution from anywhere.

async with connect("ws://…/ws/executions/<execution_id>") as execution:
    async for message in execution:
        …

Without asyncio: `execmon_lab.client.sync`.
"""

from .address import Address
from .client import Client, connect
from .errors import ConnectionLost, ExecutionError
from .frames import Frame

__all__ = ["Address", "Client", "ConnectionLost", "ExecutionError", "Frame", "connect"]
