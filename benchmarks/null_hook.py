"""The peer of `hook_cost`: parses the same body with orjson, and says nothing."""

import gc
import sys
from functools import partial

import orjson
from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces

ANSWER = b'{"cards": []}'


def _load() -> Flask:
    app = Flask("null")

    @app.post("/<tenant>/cds-services/progress")
    def null(tenant: str) -> Response:
        orjson.loads(request.get_data(cache=False))
        return Response(ANSWER, mimetype="application/json")

    gc.collect()
    gc.freeze()
    return app


if __name__ == "__main__":
    Granian(
        "benchmarks.null_hook:_load",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=8,
        log_enabled=False,
    ).serve(target_loader=partial(_load), wrap_loader=False)
