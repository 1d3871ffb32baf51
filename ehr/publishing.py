"""Questionnaires into an EHR: looked for first, written at most once, read back.

Safe to run again at any time: what is there in the same meaning is left alone, and
what is there under the same version with another meaning is not replaced unless a
person said so. No patient's data is read or written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from ehr.answers import Written
from ehr.capabilities import Capabilities
from ehr.errors import EhrRefused, JsonRefused, NotStorable
from ehr.server import FhirServer
from ehr.wire.safe_json import safe_json
from fhir_mapping.form_difference import Difference, form_differences
from fhir_mapping.r4.json import Json

QUESTIONNAIRE: Final = "Questionnaire"
LONGEST_ID: Final = 64

Way = Literal["conditional_create", "update_create", "create"]
CannotTellCause = Literal["no_search", "partial", "unreadable", "lost"]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The EHR holds it as we would write it."""

    place: str


@dataclass(frozen=True, slots=True)
class WouldCreate:
    """The EHR holds no such form; nothing was written."""


@dataclass(frozen=True, slots=True)
class Created:
    """Written, read back and found the same."""

    place: str


@dataclass(frozen=True, slots=True)
class Differs:
    """The EHR holds this version with other content; nothing was written."""

    place: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """The EHR held other content under this version, and now holds ours."""

    place: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class StoredOtherwise:
    """Written, but the EHR kept something else than what was sent."""

    place: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class SeveralCopies:
    """More than one resource has this url and version: a person must choose."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CannotTell:
    """Whether it is there cannot be known; only with `lost` was anything written."""

    cause: CannotTellCause


PublishResult = (
    Unchanged
    | WouldCreate
    | Created
    | Differs
    | Replaced
    | StoredOtherwise
    | SeveralCopies
    | CannotTell
)


class Publisher:
    """Publishes to one EHR.

    Args:
        server: with a token for Questionnaires.
        capabilities: what it states about itself.

    Raises:
        NotStorable: it states no way to create a Questionnaire.
    """

    def __init__(self, server: FhirServer, capabilities: Capabilities) -> None:
        self._server = server
        self._capabilities = capabilities
        self._way = way_to_create(capabilities)

    def publish(self, form: Json, *, write: bool, replace: bool) -> PublishResult:
        """One form: looked for, compared, and written where it has to be.

        Args:
            form: a Questionnaire with url and version.
            write: False only looks.
            replace: whether other content under the same version gives way to ours.

        Raises:
            EhrUnreachable: with `maybe_sent`, a write may have happened: look again.
            EhrRefused, AccessExpired, UnsafeAnswer: as `FhirServer`.
        """
        found = self._stored(form)
        if isinstance(found, CannotTell):
            return found
        match list(found.items()):
            case []:
                return self._create(form) if write else WouldCreate()
            case [(place, stored)]:
                return self._beside(form, place, stored, replace=write and replace)
            case _:
                return SeveralCopies(tuple(found))

    def _beside(
        self, form: Json, place: str, stored: Json, *, replace: bool
    ) -> PublishResult:
        differences = form_differences(form, stored)
        if not differences:
            return Unchanged(place)
        if not replace:
            return Differs(place, differences)
        ours = form | {"id": place.partition("/")[2]}
        self._server.update(ours, if_match=_version_of(stored))
        kept = form_differences(form, self._read(place))
        return StoredOtherwise(place, kept) if kept else Replaced(place, differences)

    def _create(self, form: Json) -> PublishResult:
        place = self._write(form).location
        stored = None if place is None else self._read_if_there(place)
        if place is None or stored is None:
            # It named no place, or one where nothing is: where is it really?
            found = self._stored(form)
            if isinstance(found, CannotTell):
                return found
            if len(found) != 1:
                return SeveralCopies(tuple(found)) if found else CannotTell("lost")
            [(place, stored)] = found.items()
        kept = form_differences(form, stored)
        return StoredOtherwise(place, kept) if kept else Created(place)

    def _write(self, form: Json) -> Written:
        unnamed = {key: value for key, value in form.items() if key != "id"}
        match self._way:
            case "conditional_create":
                condition = {"url": str(form["url"]), "version": str(form["version"])}
                return self._server.create(unnamed, if_none_exist=urlencode(condition))
            case "update_create":
                named = form | {"id": id_of(form)}
                if self._read_if_there(f"{QUESTIONNAIRE}/{named['id']}") is not None:
                    # Another form, or another's: an update would overwrite it.
                    return self._server.create(unnamed)
                return self._server.update(named)
            case "create":
                return self._server.create(unnamed)

    def _read_if_there(self, place: str) -> Json | None:
        kind, _, resource_id = place.partition("/")
        if kind != QUESTIONNAIRE:
            return None
        try:
            return self._read(f"{QUESTIONNAIRE}/{resource_id}")
        except EhrRefused as refused:
            if refused.status in (404, 410):
                return None
            raise

    def _stored(self, form: Json) -> Mapping[str, Json] | CannotTell:
        """Place -> resource of every copy with this url and version."""
        url, version = str(form["url"]), str(form["version"])
        if not self._capabilities.searches_by(QUESTIONNAIRE, "url"):
            return CannotTell("no_search")
        parameters = {"url": url}
        if self._capabilities.searches_by(QUESTIONNAIRE, "version"):
            parameters["version"] = version
        result = self._server.search(QUESTIONNAIRE, parameters)
        if result.partial or result.unread:
            return CannotTell("partial")
        copies: dict[str, Json] = {}
        for each in result.resources:
            if each.resource_type != QUESTIONNAIRE:
                continue
            place = f"{QUESTIONNAIRE}/{each.id}"
            try:
                stored = self._read(place)
            except JsonRefused:
                return CannotTell("unreadable")
            # A server may ignore a search parameter, and tell nobody.
            if stored.get("url") == url and stored.get("version") == version:
                copies[place] = stored
        return copies

    def _read(self, place: str) -> Json:
        body = self._server.read(QUESTIONNAIRE, place.partition("/")[2])
        return safe_json(body, profile="ehr")


def way_to_create(capabilities: Capabilities) -> Way:
    """How a form that is not there is written.

    A conditional create never overwrites, so it comes first.

    Raises:
        NotStorable: no way is stated.
    """
    ability = capabilities.of(QUESTIONNAIRE)
    can_create = "create" in ability.interactions
    if can_create and ability.conditional_create:
        return "conditional_create"
    # Its caller falls back to a create where the id is taken.
    if can_create and ability.update_create and "update" in ability.interactions:
        return "update_create"
    if can_create:
        return "create"
    raise NotStorable(QUESTIONNAIRE)


def id_of(form: Json) -> str:
    """An id for an update that creates: "phq-9-1.0.0", so that versions stay apart."""
    return f"{form['id']}-{form['version']}"[:LONGEST_ID]


def _version_of(stored: Json) -> str | None:
    meta = stored.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None
