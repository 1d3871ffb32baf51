"""The chart: patients, today's visit, advice, what is in the record, and the app."""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox_ehr.authorization.grants import Grants, Launch
from sandbox_ehr.cards import Advice, AdviceByVisit
from sandbox_ehr.config import SandboxConfig, origin_of
from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.hook_client import HookClient, Visit, accepted, overridden
from sandbox_ehr.json_text import Json
from sandbox_ehr.people import Person, people, person_from
from sandbox_ehr.record import measurements, said
from sandbox_ehr.store.interface import Backend, FhirRequest
from sandbox_ehr.visits import current_visit, start_visit


def create_blueprint(
    config: SandboxConfig, grants: Grants, *, backend: Backend, hooks: HookClient
) -> Blueprint:
    """The pages that a clinician sees."""
    blueprint = Blueprint("chart", __name__)
    advice_by_visit = AdviceByVisit()
    user = f"Practitioner/{config.user}"

    @blueprint.before_request
    def same_site() -> None:
        # A page elsewhere must not start visits or dismiss cards in this chart.
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if request.method == "POST" and site not in ("same-origin", "none"):
            abort(403)

    @blueprint.get("/favicon.ico")
    def no_icon() -> Response:
        return Response(status=204)

    @blueprint.get("/")
    def patients() -> str:
        today = config.clock().date()
        return render_template(
            "patients.html",
            people=people(backend, "Patient"),
            today=today,
            user=_person(f"Practitioner/{config.user}"),
        )

    @blueprint.post("/patients/<identity>/open")
    def open_chart(identity: str) -> BaseResponse:
        _patient(identity)
        visit = start_visit(backend, identity, user=config.user, now=config.clock())
        return _to_chart(identity, visit=visit)

    @blueprint.get("/patients/<identity>")
    def chart(identity: str) -> Response | BaseResponse:
        patient = _patient(identity)
        now = config.clock()
        wanted = request.args.get("visit")
        visit = current_visit(backend, identity, wanted=wanted, now=now)
        if visit is None:
            visit_id = start_visit(backend, identity, user=config.user, now=now)
            return _to_chart(identity, visit=visit_id)
        advice = _advice(identity, str(visit["id"]))
        page = render_template(
            "chart.html",
            patient=patient,
            age=patient.age(now.date()),
            visit=visit,
            visit_start=said(str(visit.get("period", {}).get("start", ""))),
            advice=advice,
            has_service=config.cds_base_url is not None,
            has_app=config.app_launch_url is not None,
            entries=measurements(backend, identity),
            user=_person(user),
        )
        answer = Response(page, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _policy(config)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @blueprint.get("/patients/<identity>/no-app")
    def no_app(identity: str) -> str:
        return render_template("no_app.html", has_app=config.app_launch_url is not None)

    @blueprint.post("/patients/<identity>/launch")
    def launch(identity: str) -> BaseResponse:
        url = request.form.get("url") or config.app_launch_url
        if url is None or not _is_at(url, config.app_origin):
            abort(400, "the link does not lead to the registered app")
        _patient(identity)
        secret = grants.new_launch(
            Launch(
                user,
                patient=identity,
                encounter=request.form.get("visit") or None,
                app_context=request.form.get("app_context") or None,
            )
        )
        query = urlencode({"iss": config.fhir_base, "launch": secret})
        joint = "&" if urlsplit(url).query else "?"
        return redirect(f"{url}{joint}{query}", 303)

    @blueprint.post("/patients/<identity>/cards/<key>/dismiss")
    def dismiss(identity: str, key: str) -> BaseResponse:
        visit = request.form.get("visit", "")
        shown = advice_by_visit.card(visit, key)
        if shown is not None:
            reason = _reason(shown.card, request.form.get("reason", ""))
            comment = request.form.get("comment", "").strip()
            feedback = overridden(
                key, at=config.clock(), reason=reason, comment=comment
            )
            failure = hooks.give_feedback(shown.service, feedback)
            told = f"The service was not told: {failure}." if failure else ""
            why = f" ({reason['display']})" if reason and "display" in reason else ""
            advice_by_visit.close(visit, key, notice=f"Dismissed{why}. {told}".strip())
        return _to_chart(identity, visit=visit)

    @blueprint.post("/patients/<identity>/cards/<key>/accept")
    def accept(identity: str, key: str) -> BaseResponse:
        visit = request.form.get("visit", "")
        shown = advice_by_visit.card(visit, key)
        wanted = request.form.get("suggestion", "")
        suggestion = _suggestion(shown.card if shown else {}, wanted)
        if shown is not None and suggestion is not None:
            failure = _carried_out(suggestion)
            if failure is None:
                at = config.clock()
                failure = hooks.give_feedback(
                    shown.service, accepted(key, at=at, suggestion=suggestion["uuid"])
                )
                notice = f"Done: {suggestion.get('label', '')}."
                if failure:
                    notice += f" The service was not told: {failure}."
            else:
                notice = f"Not done: {failure}."
            advice_by_visit.close(visit, key, notice=notice)
        return _to_chart(identity, visit=visit)

    def _carried_out(suggestion: Json) -> str | None:
        for action in suggestion.get("actions", []):
            resource = action.get("resource") or {}
            kind = str(resource.get("resourceType"))
            is_new = action.get("type") == "create"
            path = kind if is_new else f"{kind}/{resource.get('id')}"
            method = "POST" if is_new else "PUT"
            if action.get("type") not in ("create", "update"):
                return "this EHR only creates and updates"
            try:
                backend.answer(FhirRequest(method, path, body=resource))
            except FhirRefusal as refusal:
                return f"the record refused it ({refusal.status})"
        return None

    def _advice(patient: str, visit: str) -> Advice:
        known = advice_by_visit.after_closing(visit)
        if known is not None:
            return known
        languages = request.headers.get("Accept-Language", "")
        asked = hooks.ask(Visit(user, patient, visit, languages))
        return advice_by_visit.renew(visit, asked)

    def _person(reference: str) -> Person | None:
        try:
            found = backend.answer(FhirRequest("GET", reference)).body
        except FhirRefusal:
            return None
        return person_from(found) if found else None

    def _patient(identity: str) -> Person:
        found = _person(f"Patient/{identity}")
        if found is None:
            abort(404)
        return found

    return blueprint


def _is_at(url: str, origin: str | None) -> bool:
    try:
        return origin_of(url) == origin
    except ValueError:
        return False


def _policy(config: SandboxConfig) -> str:
    app = config.app_origin or ""
    # The launch form is answered with a redirect to the app: form-action covers it.
    return (
        "default-src 'none'; style-src 'self'; img-src 'self';"
        f" frame-src 'self' {app}; form-action 'self' {app};"
        " frame-ancestors 'none'; base-uri 'none'"
    )


def _to_chart(identity: str, *, visit: str) -> BaseResponse:
    return redirect(f"/patients/{identity}?{urlencode({'visit': visit})}", 303)


def _reason(card: Json, code: str) -> Json | None:
    for each in card.get("overrideReasons", []):
        if isinstance(each, dict) and each.get("code") == code:
            return each
    return None


def _suggestion(card: Json, wanted: str) -> Json | None:
    for each in card.get("suggestions", []):
        if isinstance(each, dict) and wanted and each.get("uuid") == wanted:
            return each
    return None
