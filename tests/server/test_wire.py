"""The wire's short cut for pongs: it sees exactly those frames that the parser would."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from execmon_lab.server.wire import ends_whole, is_pong, unmasked

frames = st.builds(
    lambda opcode, payload: Frame(opcode, payload[:125] if opcode.value >= 8 else payload),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE]),
    st.binary(max_size=300) | st.integers(0, 70_000).map(bytes),
)


@given(st.lists(frames, max_size=5).map(lambda some: b"".join(f.serialize(mask=True) for f in some)))
def test_whole_frames_end_whole_and_parts_do_not(data: bytes) -> None:
    assert ends_whole(data)
    if data:
        assert not ends_whole(data[:-1])


@given(st.lists(frames, min_size=1, max_size=3), st.data())
def test_a_cut_is_whole_only_between_frames(some: list[Frame], data: st.DataObject) -> None:
    wires = [frame.serialize(mask=True) for frame in some]
    ends = {sum(map(len, wires[:count])) for count in range(len(wires) + 1)}
    cut = data.draw(st.integers(0, sum(map(len, wires))))
    assert ends_whole(b"".join(wires)[:cut]) is (cut in ends)


@given(frames)
def test_a_pong_is_known_and_read(frame: Frame) -> None:
    wire = frame.serialize(mask=True)
    assert is_pong(wire) is (frame.opcode is Opcode.PONG)
    if frame.opcode is Opcode.PONG:
        assert unmasked(wire) == frame.data


@given(st.binary(max_size=140))
def test_anything_else_is_no_pong(data: bytes) -> None:
    if is_pong(data):
        assert Frame(Opcode.PONG, unmasked(data)).serialize(mask=False)[1:] == bytes(
            [len(data) - 6]
        ) + unmasked(data)


def test_an_unmasked_or_fragmented_pong_is_left_to_the_parser() -> None:
    assert not is_pong(Frame(Opcode.PONG, b"1").serialize(mask=False))
    assert not is_pong(Frame(Opcode.PONG, b"1").serialize(mask=True) + b"x")
    assert not is_pong(Frame(Opcode.PONG, b"1").serialize(mask=True)[:-1])
