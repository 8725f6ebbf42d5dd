"""The wire's short cuts: what is framed without the library, and pongs that the parser need not see."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from execmon_lab.server.parcel import text_frame
from execmon_lab.server.wire import PONG_SIZE, ends_whole, ping_frame, pong_number

frames = st.builds(
    lambda opcode, payload: Frame(opcode, payload[:125] if opcode.value >= 8 else payload),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE]),
    st.binary(max_size=300) | st.binary(min_size=4, max_size=4) | st.integers(0, 70_000).map(bytes),
)


@given(st.integers(0, 300) | st.integers(65_500, 65_600) | st.integers(0, 200_000))
def test_text_is_framed_as_the_library_frames_it(size: int) -> None:
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


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


@given(st.integers(0, 2**32 - 1), st.binary(min_size=4, max_size=4))
def test_the_pong_that_answers_a_ping_of_ours_brings_back_its_number(number: int, mask: bytes) -> None:
    payload = ping_frame(number)[2:]
    masked = bytes(byte ^ key for byte, key in zip(payload, mask, strict=True))
    assert pong_number(b"\x8a\x84" + mask + masked) == number


@given(frames)
def test_only_a_whole_masked_pong_has_a_number(frame: Frame) -> None:
    wire = frame.serialize(mask=True)
    if len(wire) == PONG_SIZE:
        assert (pong_number(wire) >= 0) is (frame.opcode is Opcode.PONG)


@given(st.binary(min_size=10, max_size=10))
def test_anything_else_of_its_size_has_none(data: bytes) -> None:
    assert (pong_number(data) >= 0) is (data[:2] == b"\x8a\x84")
