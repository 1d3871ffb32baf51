"""For tests and demonstrations only: what was asked, what is stored, start again."""

import threading
from collections import deque

from flask import Blueprint, Response, jsonify

from sandbox_ehr.authorization.grants import Grants
from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.seeding import seed
from sandbox_ehr.store.interface import Backend

LONGEST = 5000  # requests remembered


class Ledger:
    """Every request, in order, with its path and query."""

    def __init__(self, left_out: list[str]) -> None:
        self._lock = threading.Lock()
        self._requests: deque[dict[str, str]] = deque(maxlen=LONGEST)
        self.left_out = left_out

    def note(self, method: str, path: str) -> None:
        """Remember one request."""
        with self._lock:
            self._requests.append({"method": method, "path": path.rstrip("?")})

    def requests(self) -> list[dict[str, str]]:
        """What was asked, oldest first."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Begin a new page."""
        with self._lock:
            self._requests.clear()


def create_blueprint(
    config: SandboxConfig, grants: Grants, *, backend: Backend, ledger: Ledger
) -> Blueprint:
    """/sandbox/ledger and /sandbox/reset."""
    blueprint = Blueprint("admin", __name__, url_prefix="/sandbox")

    @blueprint.get("/ledger")
    def show() -> Response:
        return jsonify(
            {
                "requests": ledger.requests(),
                "resources": backend.counts(),
                "left_out": ledger.left_out,
            }
        )

    @blueprint.post("/reset")
    def reset() -> Response:
        backend.reset()
        grants.forget_all()
        ledger.clear()
        if config.seed:
            ledger.left_out = seed(backend, config)
        return jsonify({"resources": backend.counts()})

    return blueprint
