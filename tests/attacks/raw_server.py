"""A socket that answers with whatever bytes it was given, at whatever pace."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

Piece = tuple[float, bytes]  # seconds to wait, then what to send


@contextmanager
def raw_server(pieces: Iterable[Piece]) -> Iterator[str]:
    """The base URL of a server that answers one connection with these pieces."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        listening.settimeout(3)
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(3)
            try:
                connection.recv(65_536)
                for seconds, piece in pieces:
                    if over.wait(seconds):
                        return
                    connection.sendall(piece)
                # Half-open: nothing more comes, nothing is closed.
                over.wait(3)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/fhir"
    finally:
        over.set()
        thread.join()
        listening.close()


def endless(piece: bytes, *, seconds: float = 0.0) -> Iterator[Piece]:
    """The same piece for ever, at most for the time a test may take."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        yield seconds, piece
