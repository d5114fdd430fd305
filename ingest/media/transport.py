"""What a transport stream says of its own streams: programmes, and scrambling. FFmpeg knows both,
but tells programmes as they are at the moment, and scrambling not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD_BYTES = 2 << 20
"""Of a file: its programmes are told several times in it."""
_PACKET_BYTES = 188
_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""Distance of packets, and where the first begins: plain, of cameras and discs, with checksums."""
_PAT, _PMT = 0, 2
"""Kinds of tables: where the programmes are told, and one programme."""


@dataclass
class Transport:
    """The beginning of a transport stream; empty for any other file."""

    programmes: dict[int, set[int]] = field(default_factory=dict)
    """Of each stream by its id: the numbers of its programmes, which change in a recording."""
    scrambled: set[int] = field(default_factory=set)
    """Streams of which most is scrambled, as pay television is."""

    @classmethod
    def of(cls, head: bytes) -> "Transport":
        """What the first bytes of a file say."""
        found = cls()
        balance: dict[int, int] = {}
        tables: dict[int, bytearray] = {0: bytearray()}
        for packet in _packets(head):
            pid = (packet[1] & 0x1F) << 8 | packet[2]
            if packet[3] & 0x10:
                balance[pid] = balance.get(pid, 0) + (1 if packet[3] & 0xC0 else -1)
            if pid in tables:
                found._read(packet, tables, tables[pid])
        found.scrambled = {pid for pid, more in balance.items() if more > 0}
        return found

    def share_programme(self, one: int, other: int) -> bool:
        """Whether two streams may belong together: unless both are known to be apart."""
        first, second = self.programmes.get(one), self.programmes.get(other)
        return not first or not second or bool(first & second)

    def _read(self, packet: bytes, tables: dict[int, bytearray], table: bytearray) -> None:
        """Adds a packet to the table that it is a part of, and reads that once it is whole."""
        at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        payload = packet[at:] if packet[3] & 0x10 else b""
        if payload and packet[1] & 0x40:
            table[:] = payload[1 + payload[0] :]
        elif table:
            table += payload
        if len(table) < 12 or len(table) < (end := 3 + _number(table, 1, 0xFFF)):
            return
        if table[0] == _PAT:
            for entry in range(8, end - 7, 4):
                if _number(table, entry, 0xFFFF):  # 0 is the network's
                    tables.setdefault(_number(table, entry + 2, 0x1FFF), bytearray())
        elif table[0] == _PMT:
            entry = 12 + _number(table, 10, 0xFFF)
            while entry < end - 8:
                pid = _number(table, entry + 1, 0x1FFF)
                self.programmes.setdefault(pid, set()).add(_number(table, 3, 0xFFFF))
                entry += 5 + _number(table, entry + 3, 0xFFF)
        table.clear()


def _packets(head: bytes) -> Iterator[bytes]:
    for size, first in _LAYOUTS:
        if len(head) > 8 * size and all(head[first + n * size] == 0x47 for n in range(8)):
            for at in range(first, len(head) - _PACKET_BYTES, size):
                yield head[at : at + _PACKET_BYTES]
            return


def _number(table: bytearray, at: int, mask: int) -> int:
    """Two bytes of a table, without what else is in them."""
    return int.from_bytes(table[at : at + 2], "big") & mask
