"""The adb server's list, read."""

from execmon_lab.devices.tracker import Listed, parse


def test_every_state_of_a_list_is_read() -> None:
    listing = parse(
        "emulator-5554          device product:sdk model:sdk_phone device:generic transport_id:7\n"
        "R58M30ABCDE            unauthorized usb:1-1 transport_id:3\n"
        "192.168.1.20:5555      offline transport_id:12\n"
        "0123456789             no permissions (missing udev rules? user is in the plugdev group); see [url] "
        "usb:1-2 transport_id:4\n"
    )
    assert listing["emulator-5554"] == Listed("emulator-5554", "device", 7)
    assert listing["emulator-5554"].usable
    assert listing["R58M30ABCDE"].untrusting
    assert not listing["R58M30ABCDE"].usable
    assert listing["192.168.1.20:5555"] == Listed("192.168.1.20:5555", "offline", 12)
    assert listing["0123456789"].untrusting


def test_an_empty_list_is_empty() -> None:
    assert parse("") == {}
