"""threadwork and its peers, each adapted to the same call; a peer that is not installed is reported as absent."""

from importlib import import_module

from .peer import Peer

ADAPTERS = (
    "ours",
    "stdlib_executor",
    "stdlib_pool",
    "joblib_threads",
    "streamable_stream",
    "hypertile_pool",
    "pebble_pool",
    "mpire_pool",
)


def load() -> tuple[dict[str, Peer], dict[str, str]]:
    """Every peer that can run here by its name, and for the others, by the name of their adapter, the reason why not."""
    present: dict[str, Peer] = {}
    absent: dict[str, str] = {}
    for adapter in ADAPTERS:
        try:
            peers: list[Peer] = import_module(f".{adapter}", __name__).peers()
        except (ImportError, AttributeError) as error:
            absent[adapter] = str(error)
        else:
            present.update({peer.name: peer for peer in peers})
    return present, absent


__all__ = ["Peer", "load"]
