"""Who may see this page: launch context in the path, its own cookie, our own form.

The cookie holds a random id and nothing else; the vault holds what it means. There is
one cookie per launch, so two tabs with two patients never share a right.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer

from ehr.plan_reviews import NEEDED_SCOPES
from ehr.queries import APPOINTMENT_SCOPE
from ehr.smart.context import LaunchContext, load_context
from ehr.smart.scopes import allows
from ehr.tenants import Tenant
from smart_app.errors import (
    ForeignRequest,
    NoBrowserCookie,
    NotForPatients,
    WrongPatient,
)
from smart_app.services import AppServices


@dataclass(frozen=True, slots=True)
class Visit:
    """A page of one launch, opened by the browser that launched it."""

    tenant: Tenant
    context: LaunchContext

    @property
    def is_clinician(self) -> bool:
        """Only whom the EHR names as one of its staff sees the clinician's page."""
        user = self.context.user.fhir_user or ""
        return user.startswith(("Practitioner/", "PractitionerRole/"))

    @property
    def is_self(self) -> bool:
        """The patient in person; a carer's answers would be filed as the patient's."""
        return self.context.user.fhir_user == f"Patient/{self.context.patient}"

    @property
    def may_write(self) -> bool:
        """Whether the EHR granted what a response needs to be written."""
        level = "user" if self.is_clinician else "patient"
        return allows(self.context.scopes, f"{level}/QuestionnaireResponse.c")

    @property
    def may_record(self) -> bool:
        """Whether the EHR granted what a plan review needs to be written and read."""
        return self.is_clinician and allows(self.context.scopes, NEEDED_SCOPES)

    @property
    def may_see_appointments(self) -> bool:
        """Whether the EHR granted that we ask it for missed visits."""
        return self.is_clinician and allows(self.context.scopes, APPOINTMENT_SCOPE)

    @property
    def user_name(self) -> str:
        """Who acts, for the audit: a FHIR reference, or the EHR's subject."""
        user = self.context.user
        return user.fhir_user or f"{user.issuer}#{user.subject}"


def needs_launch(services: AppServices, tenant_id: str, context_id: str) -> Visit:
    """The launch context of this page.

    Raises:
        UnknownIssuer: no such tenant. NoBrowserCookie: the cookie is not here.
        NotFound: unknown, expired, locked, or another browser's.
    """
    tenant = services.tenants.by_id(tenant_id)
    context = load_context(
        services.vault_of(tenant),
        context_id,
        browser=browser_of(cookie_name(services, "c", context_id)),
        now=services.clock(),
    )
    return Visit(tenant, context)


def needs_clinician(services: AppServices, tenant_id: str, context_id: str) -> Visit:
    """The same, for what a patient's own launch may never do.

    Raises:
        NotForPatients: not launched by the EHR's staff. Else as `needs_launch`.
    """
    visit = needs_launch(services, tenant_id, context_id)
    if not visit.is_clinician:
        raise NotForPatients
    return visit


def browser_of(cookie: str) -> str:
    """The random id in this cookie. Raises NoBrowserCookie."""
    found = request.cookies.get(cookie, "")
    if not 20 <= len(found) <= 100:
        raise NoBrowserCookie
    return found


def new_browser() -> str:
    return secrets.token_urlsafe(32)


def cookie_name(services: AppServices, kind: str, name: str) -> str:
    """`__Host-` pins the cookie to this host; plain http (the demo) cannot have it."""
    short = hashlib.sha256(name.encode()).hexdigest()[:12]
    prefix = "__Host-" if services.public_url.startswith("https://") else ""
    return f"{prefix}rom-{kind}-{short}"


def set_cookie(response: Response, name: str, value: str, *, life: timedelta) -> None:
    """Secure, out of scripts' reach, and kept per EHR that frames us (CHIPS)."""
    response.set_cookie(
        name,
        value,
        max_age=int(life.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(
        name, path="/", secure=True, httponly=True, samesite="None", partitioned=True
    )


def refuse_foreign(own_origin: str) -> None:
    """Cookies with SameSite=None prove nothing about who made the request.

    Raises:
        ForeignRequest: the browser says that another site's page made it, or it says
            nothing at all, which no browser does that keeps our cookies.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise ForeignRequest("site")
    origin = request.headers.get("Origin")
    # Fetch, "append a request Origin header": with `no-referrer`, which our pages ask
    # for, a form's origin is "null"; then only the browser's own word counts.
    if origin is None or origin == "null":
        if site != "same-origin":
            raise ForeignRequest("no origin")
    elif origin != own_origin:
        raise ForeignRequest("origin")


def signed(services: AppServices, purpose: str, *parts: str) -> str:
    """What this form was opened for; comes back with the POST and must be equal."""
    return str(_serializer(services, purpose).dumps(list(parts)))


def same_purpose(services: AppServices, token: str, purpose: str, *parts: str) -> None:
    """The form that comes back was opened for exactly this.

    Raises:
        ForeignRequest: not signed by us, or for another purpose.
        WrongPatient: signed for another patient, launch or encounter.
    """
    if opened_for(services, token, purpose) != parts:
        raise WrongPatient


def opened_for(services: AppServices, token: str, purpose: str) -> tuple[str, ...]:
    """What `signed` was told. Raises ForeignRequest if it did not sign this."""
    try:
        parts = _serializer(services, purpose).loads(token)
    except BadSignature:
        raise ForeignRequest("token") from None
    return tuple(parts)


def purpose_of(visit: Visit) -> tuple[str, str, str, str]:
    """What a form on this page is for: EHR, launch, patient, encounter."""
    context = visit.context
    return visit.tenant.id, context.id, context.patient, context.encounter or ""


def _serializer(services: AppServices, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(services.form_secret, salt=f"rom.form.{purpose}")
