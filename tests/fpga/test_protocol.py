"""Messages survive the line, and what does not is passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fpga.board.protocol import END, HELLO, STEP, Message, MessageReader

messages = st.builds(Message, st.sampled_from([HELLO, STEP]), st.integers(0, 255), st.binary(max_size=300))


@given(st.lists(messages, max_size=5), st.integers(1, 50))
def test_messages_arrive_whole_however_they_are_cut(sent: list[Message], size: int) -> None:
    line = b"".join(message.to_bytes() for message in sent)
    reader = MessageReader()
    heard = [message for at in range(0, len(line), size) for message in reader.feed(line[at : at + size])]
    assert heard == sent
    assert reader.damaged == 0


@given(messages, st.data())
def test_a_flipped_bit_is_noticed_and_the_next_message_heard(sent: Message, data: st.DataObject) -> None:
    line = bytearray(sent.to_bytes())
    at = data.draw(st.integers(1, len(line) - 2))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    reader = MessageReader()
    heard = list(reader.feed(bytes(line) + Message(HELLO, 7).to_bytes()))
    assert heard[-1] == Message(HELLO, 7)
    assert sent not in heard[:-1]


def test_a_line_without_end_is_not_kept() -> None:
    reader = MessageReader()
    assert list(reader.feed(b"x" * 1_000_000)) == []
    assert len(reader._held) < 10_000
    assert list(reader.feed(bytes((END,)) + Message(STEP, 1, b"a").to_bytes())) == [Message(STEP, 1, b"a")]
