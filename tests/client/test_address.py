"""Addresses of executions, as people have them."""

import pytest

from execmon_lab.client import Address

ID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.mark.parametrize(
    ("url", "websocket", "server"),
    [
        (f"ws://h:1/ws/executions/{ID}", f"ws://h:1/ws/executions/{ID}", "http://h:1"),
        (f"http://h:1/ws/executions/{ID}/", f"ws://h:1/ws/executions/{ID}", "http://h:1"),
        (f" https://h/ws/executions/{ID}\n", f"wss://h/ws/executions/{ID}", "https://h"),
        (f"wss://[::1]:9/ws/executions/{ID}", f"wss://[::1]:9/ws/executions/{ID}", "https://[::1]:9"),
        (
            f"https://hub/user/me/proxy/8000/ws/executions/{ID}?token=x&ack=app",
            f"wss://hub/user/me/proxy/8000/ws/executions/{ID}?token=x&ack=app",
            "https://hub/user/me/proxy/8000",
        ),
    ],
)
def test_an_address_has_two_sides(url: str, websocket: str, server: str) -> None:
    address = Address.parse(url)
    assert (address.websocket, address.server, address.execution_id) == (websocket, server, ID)


def test_the_http_side_takes_the_tokens_and_nothing_else_of_the_query() -> None:
    address = Address.parse(f"ws://h:1/p/ws/executions/{ID}?ack=app&token=a%26b&session=s&execmon_token=c")
    assert address.http("/api/v1/devices") == "http://h:1/p/api/v1/devices?token=a%26b&execmon_token=c"
    assert address.http("/x?format=pdf") == "http://h:1/p/x?format=pdf&token=a%26b&execmon_token=c"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h:1",
        f"h:1/ws/executions/{ID}",
        f"ftp://h:1/ws/executions/{ID}",
        f"ws:///ws/executions/{ID}",
        "ws://h:1/ws/executions/",
        f"http://h:1/api/v1/executions/{ID}",
        f"ws://h:1/ws/executions/{ID}/more",
    ],
)
def test_what_is_no_address_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(ValueError, match="address") as raised:
        Address.parse(url + "?token=secret")
    assert "secret" not in str(raised.value)
