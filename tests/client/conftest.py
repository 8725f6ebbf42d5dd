"""The server's fixtures: a client is tested against the real one."""

from tests.server.conftest import artifacts, devices, execution, hub, preview, server, start

__all__ = ["artifacts", "devices", "execution", "hub", "preview", "server", "start"]
