"""One run of publishing to one EHR: what it says, what it notes, how it ends."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import click

from ehr.errors import AccessExpired, EhrRefused, EhrUnreachable, JsonRefused
from ehr.publishing import (
    Created,
    Publisher,
    PublishResult,
    Replaced,
    StoredOtherwise,
)
from ehr.server import FhirServer
from ehr.smart.backend import BackendTokens
from ehr.smart.discovery import discover
from ehr.smart.scopes import lacking
from ehr.tenants import Tenant
from ehr.wire.egress import GuardedSession
from fhir_mapping.publication import PublishedForm
from fhir_mapping.r4.json import Json
from server.publishing.words import (
    REFUSED,
    TROUBLES,
    Trouble,
    difference_words,
    outcome_word,
    result_code,
    result_words,
    table,
    trouble_code,
    trouble_words,
)
from vault.audit import Audit

BY: Final = "rom questionnaires publish"
# Refusals that any other form would meet as well.
_OF_EVERY_FORM: Final = frozenset({403, 405, 501})


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    write: bool
    replace: bool

    @property
    def rights(self) -> str:
        """What the token must allow: nothing that this run does not do."""
        needed = {
            "c": self.write,
            "r": True,
            "u": self.write and self.replace,
            "s": True,
        }
        return "".join(right for right, is_needed in needed.items() if is_needed)


class NotGranted(Exception):
    """The token lacks a right that this run needs."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(" ".join(missing))


class PublishRun:
    """One run: its door to the EHR, and what has come of it so far."""

    def __init__(
        self,
        tenant: Tenant,
        wish: Wish,
        *,
        clock: Callable[[], datetime],
        audit: Audit | None,
        quiet: bool,
    ) -> None:
        self._tenant = tenant
        self._wish = wish
        self._clock = clock
        self._audit = audit
        self._quiet = quiet
        self._tokens = BackendTokens(
            tenant, tenant.scopes.publish, endpoints=lambda _now: discover(tenant)
        )
        self._session = GuardedSession(fence=tenant.fhir_fence)
        self._results: list[tuple[PublishedForm, PublishResult]] = []
        self._troubles: list[tuple[str, str]] = []
        self.code = 0

    def publish(self, forms: Sequence[PublishedForm]) -> None:
        """Every form in turn; a trouble that is not the form's own ends the run."""
        try:
            self._check_grant()
            server = FhirServer(self._tenant, self._session, self._token)
            publisher = Publisher(server, server.capabilities())
        except NotGranted as refusal:
            text = (
                f"{self._tenant.id} granted a token without {refusal}. Register our"
                f" client there with the scope {self._tenant.scopes.publish}"
            )
            self._trouble("", text, code=REFUSED)
            return
        except TROUBLES as trouble:
            text = self._words(trouble, writing=False)
            self._trouble("", text, code=trouble_code(trouble))
            return
        for form in forms:
            if not self._one(publisher, form):
                break
        self._summary(len(forms))

    def _one(self, publisher: Publisher, form: PublishedForm) -> bool:
        """Whether the next form may be tried."""
        name = form.instrument.id
        try:
            result = self._published(publisher, form.questionnaire)
        except TROUBLES as trouble:
            text = self._words(trouble, writing=self._wish.write)
            self._trouble(name, text, code=trouble_code(trouble))
            if isinstance(trouble, EhrUnreachable) and trouble.maybe_sent:
                self._note(form, "unknown", "")
            return _is_about_the_form(trouble)
        self._results.append((form, result))
        self.code = max(self.code, result_code(result, replacing=self._wish.replace))
        self._say(f"{name} {form.instrument.version}: {self._told(result)}")
        for each in getattr(result, "differences", ()):
            self._say(f"  - {difference_words(each)}")
        if isinstance(result, Created | Replaced | StoredOtherwise):
            self._note(form, type(result).__name__, result.place)
        return True

    def _published(self, publisher: Publisher, form: Json) -> PublishResult:
        wish = self._wish
        try:
            return publisher.publish(form, write=wish.write, replace=wish.replace)
        except AccessExpired as refusal:
            if refusal.cause != "http-401":
                raise
        # The token is no good any more: once with another, which looks first again.
        self._tokens.forget(self._token())
        return publisher.publish(form, write=wish.write, replace=wish.replace)

    def _check_grant(self) -> None:
        granted = self._tokens.current(self._clock()).granted
        missing = lacking(granted, f"system/Questionnaire.{self._wish.rights}")
        if missing:
            raise NotGranted(missing)

    def _token(self) -> str:
        return self._tokens.token(self._clock())

    def _words(self, trouble: Trouble, *, writing: bool) -> str:
        scope = self._tenant.scopes.publish
        return trouble_words(trouble, ehr=self._tenant.id, scope=scope, writing=writing)

    def _told(self, result: PublishResult) -> str:
        return result_words(result, replaceable=not self._wish.replace)

    def _trouble(self, name: str, text: str, *, code: int) -> None:
        self._troubles.append((name, text))
        self.code = max(self.code, code)
        where = f"{name}: " if name else ""
        click.echo(f"rom questionnaires: {where}{text}", err=True)

    def _note(self, form: PublishedForm, what: str, place: str) -> None:
        """Into the audit: who wrote which form, where, and what came of it."""
        if self._audit is None:
            return
        details = {
            "canonical": form.instrument.canonical,
            "version": form.instrument.version,
            "outcome": what,
            "place": place,
        }
        self._audit.append(
            "questionnaire.published",
            BY,
            patient=None,
            details=json.dumps(details).encode(),
            now=self._clock(),
        )

    def _say(self, line: str) -> None:
        if not self._quiet:
            click.echo(line)

    def _summary(self, asked: int) -> None:
        rows = [("instrument", "version", "words", "outcome")]
        rows += [
            (
                form.instrument.id,
                form.instrument.version,
                ", ".join(form.languages) or "structure only",
                outcome_word(result),
            )
            for form, result in self._results
        ]
        rows += [(name, "", "", "trouble") for name, _ in self._troubles]
        self._say("")
        for line in table(rows):
            self._say(line)
        untried = asked - len(self._results) - len(self._troubles)
        if untried:
            self._say(f"{untried} not tried")
        if not self._wish.write:
            self._say("Dry run: nothing was written.")

    def report(self) -> dict[str, object]:
        """The run for machines."""
        return {
            "ehr": self._tenant.id,
            "dryRun": not self._wish.write,
            "exitCode": self.code,
            "forms": [
                {
                    "instrument": form.instrument.id,
                    "version": form.instrument.version,
                    "outcome": outcome_word(result),
                    "place": getattr(result, "place", None),
                    "differences": [
                        asdict(each) | {"changesMeaning": each.changes_meaning}
                        for each in getattr(result, "differences", ())
                    ],
                }
                for form, result in self._results
            ],
            "troubles": [
                {"instrument": name or None, "text": text}
                for name, text in self._troubles
            ],
        }


def _is_about_the_form(trouble: Trouble) -> bool:
    """Whether another form may fare better."""
    match trouble:
        case EhrRefused(status=status):
            return status not in _OF_EVERY_FORM
        case JsonRefused():
            return True
        case _:
            return False
