"""One attempt to carry one leased submission into the EHR, and to see it there.

Nothing is written twice in the dark: as soon as an outcome was unknown, each resource
is searched before it is written again, and only after the grace.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

from ehr.answers import Written
from ehr.delivery.finding import Finder
from ehr.delivery.progress import Progress, progress_to_bytes
from ehr.delivery.reconcile import Reconciler
from ehr.delivery.retry import (
    Accepted,
    Answer,
    Done,
    Hold,
    Later,
    LookUp,
    NoAnswer,
    NotSent,
    Refused,
    RenewAccess,
    Unknown,
    backoff,
    next_step,
)
from ehr.delivery.terms import Stopped, Terms, answer_from
from ehr.delivery.vendor_codes import code_classes
from ehr.errors import (
    AccessExpired,
    EhrRefused,
    EhrUnreachable,
    ForeignOrigin,
    JsonRefused,
    UnsafeAnswer,
)
from ehr.server import FhirServer
from fhir_mapping.r4.codes import SUBMISSION_SYSTEM
from fhir_mapping.r4.json import Json
from fhir_mapping.submission import (
    SubmissionResources,
    identifier_of,
    transaction_from,
    with_member_references,
    with_response_reference,
)
from vault.outbox import Outbox
from vault.outbox_lease import Leased

# E4: searched at the grace and at twice the grace before one more write.
MISSES_BEFORE_REPEAT = 2
MOST_REPEATS = 1


class Attempt:
    """Carries the resources of one leased row; `progress` says how far it came."""

    def __init__(
        self,
        leased: Leased,
        resources: SubmissionResources,
        *,
        outbox: Outbox,
        server: FhirServer,
        finder: Finder,
        reconciler: Reconciler,
        progress: Progress,
        terms: Terms,
    ) -> None:
        self._leased = leased
        self._resources = resources
        self._outbox = outbox
        self._server = server
        self._finder = finder
        self._reconciler = reconciler
        self._terms = terms
        self.progress = progress
        # Bytes may have left and nobody has looked yet what became of them.
        self._in_doubt = leased.state == "unknown"
        self._wrote = False
        self._seen: set[tuple[str, str | None]] = set()

    def carry(self) -> None:
        """Returns once every resource was read back and means what was answered.

        Raises:
            Stopped: it must go on later, or a person must decide.
            AccessExpired: the token is no longer taken, and nothing is in doubt.
            LeaseLost: somebody else holds the row.
        """
        try:
            if self._in_doubt and not self.progress.doubt:
                self._keep(replace(self.progress, doubt=True))
            if self._terms.shape.method == "transaction":
                self._in_one()
            else:
                self._one_by_one()
            self._settle()
            self._read_all_back()
        except AccessExpired:
            if self._wrote:
                raise Stopped(self._terms.unknown()) from None
            raise
        except EhrUnreachable as error:
            raise Stopped(self._after_failed_question(error)) from None
        except EhrRefused as error:
            raise Stopped(self._after_refused_question(error)) from None
        except (JsonRefused, UnsafeAnswer):
            raise Stopped(self._after_failed_question(None)) from None

    # Writing.

    def _in_one(self) -> None:
        wanted = [self._resources.response, *self._resources.observations]
        if self._in_doubt:
            for each in wanted:
                self._look(each)
        if all(identifier_of(each) in self.progress.places for each in wanted):
            return
        bundle = transaction_from(self._resources)
        answers = self._send(lambda: self._server.transaction(bundle))
        for each, answer in zip(wanted, answers, strict=False):
            kind = f"{each['resourceType']}/"
            if answer.location is not None and answer.location.startswith(kind):
                self._place(each, answer.location)
        for each in wanted:
            self._must_be_placed(each)
        self._settled_write()

    def _one_by_one(self) -> None:
        for each in (self._resources.response, *self._resources.observations):
            if identifier_of(each) in self.progress.places:
                continue
            if each is not self._resources.response:
                # Scores refer to the response: a wrong Location must not reach them.
                self._read_back(self._resources.response)
            if self._must_look_first() and self._look(each):
                continue
            self._write(self._linked(each))
            self._must_be_placed(each)
            self._settled_write()

    def _must_look_first(self) -> bool:
        method = self._terms.shape.method
        return self._in_doubt or self.progress.doubt or method == "search_create"

    def _look(self, resource: Json) -> bool:
        """Whether the EHR has it; decides what absence means for this class."""
        if self._terms.shape.method == "update_create":
            # Our own id: the read says it all, and a person's later change is kept.
            return self._look_at_own_id(resource)
        if self._search(resource):
            return True
        key = identifier_of(resource)
        match self._terms.shape.delivery_class:
            case "E1" | "E2" | "E3":
                return False  # a repeat is conditional
            case "E4":
                if not self._in_doubt:
                    return False
                self._keep(self.progress.missed(key))
                if self.progress.misses[key] < MISSES_BEFORE_REPEAT:
                    raise Stopped(Unknown(self._terms.grace, "unknown_outcome"))
                if self.progress.repeats.get(key, 0) >= MOST_REPEATS:
                    raise Stopped(Hold("unknown_outcome"))
                return False
            case "E5":
                if self._in_doubt:
                    raise Stopped(Hold("unknown_outcome"))
                return False

    def _look_at_own_id(self, resource: Json) -> bool:
        place = f"{resource['resourceType']}/{identifier_of(resource)}"
        if self._reconciler.body_at(place) is None:
            return False
        self._place(resource, place)
        return True

    def _search(self, resource: Json) -> bool:
        hits = self._finder.find(resource)
        if hits is None:
            return False
        if not hits.complete:
            raise Stopped(self._terms.unknown())
        if not hits.places:
            return False
        kept = self._reconciler.one_of(
            hits.places, self._linked(resource), placed=self._placed(resource)
        )
        if kept is None:
            raise Stopped(Hold("duplicates"))
        self._place(resource, kept)
        return True

    def _write(self, resource: Json) -> None:
        key = identifier_of(resource)
        match self._terms.shape.method:
            case "update_create":
                own = resource | {"id": key}
                self._send(lambda: (self._server.update(own),))
                self._place(resource, f"{resource['resourceType']}/{key}")
                return
            case "conditional_create":
                query: str | None = f"identifier={SUBMISSION_SYSTEM}|{key}"
            case _:
                query = None
        answers = self._send(
            lambda: (self._server.create(resource, if_none_exist=query),), key
        )
        location = answers[0].location if answers else None
        if location is not None and location.startswith(f"{resource['resourceType']}/"):
            self._place(resource, location)

    def _send(
        self, call: Callable[[], tuple[Written, ...]], key: str | None = None
    ) -> tuple[Written, ...]:
        """The answers; nothing if the answer says that we must look.

        Args:
            call: writes.
            key: identifier of the one resource that is written, if it is one.
        """
        self.progress = replace(self.progress, settled_at=None)
        self._outbox.sending(self._leased, self._terms.now)
        before, self._wrote = self._wrote, True
        answer: Answer
        written: tuple[Written, ...] = ()
        try:
            written = call()
            answer = Accepted("known")
        except EhrUnreachable as error:
            answer = answer_from(error)
        except EhrRefused as error:
            codes = code_classes(error.operation_outcome)
            answer = Refused(error.status, codes)
        except ForeignOrigin:
            answer = NotSent()
        except UnsafeAnswer:
            answer = NoAnswer()
        except AccessExpired:
            self._wrote = before  # 401 is answered before anything is done
            raise
        step = next_step(answer, self._terms.circumstances(self._leased.attempts))
        match step:
            case Done() | LookUp():
                return written
            case Unknown() if self._in_doubt and key is not None:
                # A write that was sent again met the same fate.
                self._keep(self.progress.repeated(key))
                raise Stopped(step)
            case Later() | Unknown() | Hold():
                raise Stopped(step)
            case RenewAccess():
                raise AssertionError("a 401 is raised as AccessExpired")
            case _:
                assert_never(step)

    def _must_be_placed(self, resource: Json) -> None:
        """After a write whose answer named no place: search, now."""
        if identifier_of(resource) in self.progress.places:
            return
        if not self._search(resource):
            raise Stopped(self._terms.unknown())

    def _settled_write(self) -> None:
        self._outbox.accepted(
            self._leased,
            progress=progress_to_bytes(self.progress),
            now=self._terms.now,
        )
        self._wrote = False

    # Seeing it there.

    def _settle(self) -> None:
        """Where an earlier write may still arrive: wait for it, then look for doubles.

        Classes whose repeats cannot double need no sweep.
        """
        if not self.progress.doubt or self._terms.shape.delivery_class in ("E1", "E2"):
            return
        if self.progress.settled_at is None:
            after_grace = self._terms.now + self._terms.grace
            self._keep(replace(self.progress, settled_at=after_grace))
        settled_at = self.progress.settled_at
        assert settled_at is not None
        if self._terms.now < settled_at:
            raise Stopped(Later(settled_at - self._terms.now, "unknown_outcome"))
        for each in (self._resources.response, *self._resources.observations):
            self._search(each)

    def _read_all_back(self) -> None:
        for each in (self._resources.response, *self._resources.observations):
            self._read_back(each)

    def _read_back(self, resource: Json) -> None:
        """Once per attempt and place."""
        key = identifier_of(resource)
        if (key, self._placed(resource)) in self._seen:
            return
        found = self._reconciler.compare(self._placed(resource), self._linked(resource))
        if found == "elsewhere":
            # A wrong Location: where the write went is open again.
            self._wrote = True
            self.progress = self.progress.displaced(key)
            if not self._search(resource):
                if self._in_doubt:
                    self._keep(self.progress)
                raise Stopped(self._terms.unknown())
            found = self._reconciler.compare(
                self._placed(resource), self._linked(resource)
            )
            if found == "elsewhere":
                raise Stopped(self._terms.unknown())
        if found != "same":
            raise Stopped(Hold("differs"))
        self._seen.add((key, self._placed(resource)))

    # Bookkeeping.

    def _placed(self, resource: Json) -> str | None:
        return self.progress.places.get(identifier_of(resource))

    def _place(self, resource: Json, place: str) -> None:
        self.progress = self.progress.placed(identifier_of(resource), place)

    def _keep(self, progress: Progress) -> None:
        self.progress = progress
        self._outbox.accepted(
            self._leased, progress=progress_to_bytes(progress), now=self._terms.now
        )

    def _linked(self, resource: Json) -> Json:
        """The resource with its references as the EHR stored what they point to."""
        place = self._placed(self._resources.response)
        if place is not None and "derivedFrom" in resource:
            one = SubmissionResources(self._resources.response, (resource,))
            resource = with_response_reference(one, place).observations[0]
        if "hasMember" in resource:
            places: Mapping[str, str] = self.progress.places
            urns = {f"urn:uuid:{key}": place for key, place in places.items()}
            resource = with_member_references(resource, urns)
        return resource

    def _after_failed_question(
        self, error: EhrUnreachable | None
    ) -> Later | Unknown | Hold:
        """A read or search failed: nothing new is known, nothing new is written."""
        step = next_step(
            answer_from(error), self._terms.circumstances(self._leased.attempts)
        )
        if self._wrote:
            return self._terms.unknown()
        if isinstance(step, Later):
            return step
        delay = backoff(self._leased.attempts - 1, self._terms.chance)
        return Later(delay, "unreachable")

    def _after_refused_question(self, error: EhrRefused) -> Later | Unknown | Hold:
        step = next_step(
            Refused(error.status, code_classes(error.operation_outcome)),
            self._terms.circumstances(self._leased.attempts),
        )
        if isinstance(step, Hold):
            return step
        return self._after_failed_question(None)
