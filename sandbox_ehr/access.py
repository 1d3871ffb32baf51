"""What one token permits: type, interaction, patient and granular filter."""

from dataclasses import dataclass, replace

from sandbox_ehr.authorization.grants import Grant
from sandbox_ehr.authorization.scopes import Permission, permissions
from sandbox_ehr.errors import FhirRefusal
from sandbox_ehr.json_text import Json
from sandbox_ehr.store.definitions import r4
from sandbox_ehr.store.interface import FhirRequest
from sandbox_ehr.store.search import understood
from sandbox_ehr.store.subject import PATIENT_AT, patient_of


@dataclass(frozen=True, slots=True)
class Checks:
    """What has to be true of a resource that is shown or written."""

    kind: str
    permission: Permission
    patient: str | None

    def check_read(self, body: Json | None) -> None:
        """Refuse what this token may not see.

        Raises:
            FhirRefusal: 403.
        """
        entries = (body or {}).get("entry")
        if entries is None:
            self.check(body)
        else:
            for entry in entries:
                self.check(entry.get("resource"))

    def check(self, resource: Json | None) -> None:
        """The same for one resource."""
        if resource is None or resource.get("resourceType") != self.kind:
            return
        if (
            self.permission.patient_only
            and (self.kind == "Patient" or self.kind in PATIENT_AT)
            and patient_of(resource) != self.patient
        ):
            raise _forbidden("another patient")
        search = understood(self.kind, self.permission.query, strict=True)
        if not search.accepts(resource):
            raise _forbidden("outside the scope's filter")


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of one grant."""

    grant: Grant

    def narrowed(
        self, asked: FhirRequest, *, kind: str, right: str
    ) -> tuple[FhirRequest, Checks]:
        """The request, narrowed to what is permitted, and what to check afterwards.

        Raises:
            FhirRefusal: 403 where nothing permits it.
        """
        found = permissions(self.grant.scopes, kind, right)
        if not found:
            raise _forbidden(f"no scope permits {right} on {kind}")
        permission = found[0]
        checks = Checks(kind, permission, self.grant.patient)
        if right in "cu":
            checks.check(asked.body)
            return asked, checks
        if right == "s" and "/_history" not in asked.path:
            extra = list(permission.query)
            if permission.patient_only and self.grant.patient:
                if kind == "Patient":
                    extra.append(("_id", self.grant.patient))
                elif kind in PATIENT_AT:
                    extra.append(("patient", self.grant.patient))
            return replace(asked, query=asked.query + tuple(extra)), checks
        return asked, checks

    def check_page(self, kind: str, *, patient: str | None) -> None:
        """Whether this token may turn to a further page of a search.

        Raises:
            FhirRefusal: 403.
        """
        if patient != self.grant.patient or not permissions(
            self.grant.scopes, kind, "s"
        ):
            raise _forbidden(f"no scope permits s on {kind}")


def type_and_right(asked: FhirRequest) -> tuple[str, str]:
    """Which type an interaction is about and which of cruds it needs.

    Raises:
        FhirRefusal: 404 for types that are not stored, 405 for interactions that
            are not offered.
    """
    parts = asked.path.split("/")
    kind = parts[0]
    if kind not in r4().resources:
        raise FhirRefusal(404, "not-supported", "this type is not stored here")
    match asked.method, parts[1:]:
        case "GET", [] | ["_search"]:
            return kind, "s"
        case "POST", ["_search"]:
            return kind, "s"
        case "POST", []:
            return kind, "c"
        case "PUT", [_]:
            return kind, "u"
        case "GET", [_, "_history"]:
            return kind, "s"
        case "GET", [_] | [_, "_history", _]:
            return kind, "r"
        case _:
            raise FhirRefusal(405, "not-supported", "interaction not offered")


def _forbidden(text: str) -> FhirRefusal:
    return FhirRefusal(403, "forbidden", text)
