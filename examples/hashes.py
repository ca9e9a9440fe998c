"""What ``threadwork run examples/hashes.py:digest --files DIR`` calls for each file."""

import hashlib
from pathlib import Path
from typing import Any


def digest(path: str) -> dict[str, Any]:
    """Return the SHA-256, the size and the number of lines of the file at `path`, read in pieces."""
    sha, size, lines = hashlib.sha256(), 0, 0
    with Path(path).open("rb", buffering=0) as file:  # the pieces are large: a buffer would only copy them
        while piece := file.read(1 << 20):
            sha.update(piece)
            size += len(piece)
            lines += piece.count(b"\n")
    return {"path": path, "sha256": sha.hexdigest(), "bytes": size, "lines": lines}
