"""Response headers: framing per tenant, a strict content policy, no caching."""

from collections.abc import Mapping, Sequence

from flask import Flask, Response, g, request

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def add_headers(
    app: Flask,
    frame_ancestors: Mapping[str, Sequence[str]],
    *,
    form_targets: Mapping[str, Sequence[str]],
    https: bool,
) -> None:
    """Every answer of the app carries them.

    Args:
        app: the whole application.
        frame_ancestors: tenant id -> origins of its EHR that may frame our pages.
        form_targets: tenant id -> origins that a launch may be sent on to.
        https: whether browsers reach us by TLS (then HSTS is set).
    """

    @app.after_request
    def _headers(response: Response) -> Response:
        tenant = str(g.get("tenant_id", ""))
        framed = " ".join(frame_ancestors.get(tenant, ())) or "'none'"
        targets = " ".join(("'self'", *form_targets.get(tenant, ())))
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"
            " data:; connect-src 'self'; base-uri 'none';"
            f" form-action {targets}; frame-ancestors {framed}"
        )
        for name, value in FIXED.items():
            response.headers[name] = value
        if framed == "'none'":
            response.headers["X-Frame-Options"] = "DENY"
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint is None or not request.endpoint.endswith("static"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
