"""`KeyFilter`: which keys are certainly not in the file, so that a new item costs no query."""

from collections.abc import Iterable

_BITS = 1 << 25  # 4 MiB: with a million keys one query in 10,000 is in vain, with ten million one in four
_HASHES = 4


class KeyFilter:
    """A Bloom filter of fixed size ("Space/time trade-offs in hash coding with allowable errors", 1970). Guarded by its owner.

    The keys are hashes already; two halves of each make all the positions (Kirsch and Mitzenmacher, "Less hashing, same
    performance", 2006).
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, keys: Iterable[bytes]) -> None:
        """Take note that `keys` are in the file."""
        bits = self._bits
        for key in keys:
            at, step = _walk(key)
            for _ in range(_HASHES):
                bits[at >> 3] |= 1 << (at & 7)
                at = (at + step) % _BITS

    def may_have(self, key: bytes) -> bool:
        """Tell whether `key` may be in the file; ``False`` is certain."""
        bits = self._bits
        at, step = _walk(key)
        for _ in range(_HASHES):
            if not bits[at >> 3] & (1 << (at & 7)):
                return False
            at = (at + step) % _BITS
        return True


def _walk(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8]) % _BITS, int.from_bytes(key[8:]) | 1
