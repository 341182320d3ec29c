"""The bytes of a tree."""

from ..reals import require

LONGEST = 5  # bytes of a number


class Content:
    """Bytes that are read once from the first to the last."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def byte(self) -> int:
        """Return the next byte."""
        require(self.place < len(self.content), "tree: fewer bytes than nodes")
        self.place += 1
        return self.content[self.place - 1]

    def number(self) -> int:
        """Return the next number, seven bits a byte, the lowest ones first."""
        value = 0
        for shift in range(0, 7 * LONGEST, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        require(False, "tree: a number has no end")
        return value
