"""A site that fetches an export, with a clock that does not wait."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ehr.bulk.door import Door, Surroundings
from ehr.bulk.export import Export, Summary
from ehr.bulk.job import STATE, Job, Request, begun_job, opened_job
from tests.fault_proxy.clinic import tenant_at
from tests.hostile_ehr.exports import ExportEhr

PARAMETERS = (("_type", "Observation"), ("_typeFilter", "Observation?category=survey"))
REQUEST = Request("clinic", "Group/7/$export", PARAMETERS, False, "research consent")


def lines(name: str, count: int) -> bytes:
    return b"".join(
        json.dumps({"resourceType": "Observation", "id": f"{name}-{n}"}).encode()
        + b"\n"
        for n in range(count)
    )


class Interrupted(BaseException):
    """What a kill looks like from inside."""


@dataclass
class Tokens:
    """A new token each time one was refused."""

    given: int = 1

    def token(self, now: datetime) -> str:
        return f"t-{self.given}"

    def forget(self, access_token: str) -> None:
        self.given += 1


@dataclass
class Site:
    """Our side: one folder, and a clock that does not wait."""

    folder: Path
    base: str
    changes: dict[str, Any] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _text: None
    tokens: Tokens = field(default_factory=Tokens)

    def export(self, request: Request = REQUEST) -> Export:
        tenant = replace(tenant_at(self.base), **self.changes)
        job = opened_job(self.folder, request)
        return Export(job, self._door(tenant), base=tenant.issuer)

    def run(self, request: Request = REQUEST) -> Summary:
        return self.export(request).run()

    def files(self) -> dict[str, bytes]:
        return {
            each.relative_to(self.folder).as_posix(): each.read_bytes()
            for each in sorted(self.folder.rglob("*"))
            if each.is_file() and each.name != STATE
        }

    @property
    def job(self) -> Job:
        found = begun_job(self.folder)
        assert found is not None
        return found

    def _door(self, tenant: Any) -> Door:
        def told(text: str) -> None:
            self.said.append(text)
            self.tell(text)

        around = Surroundings(
            lambda: datetime(2026, 11, 25, 10, tzinfo=UTC),
            told=told,
            sleep=self.slept.append,
            chance=lambda: 1.0,
        )
        return Door(tenant, self.tokens, around)


def exported(ehr: ExportEhr) -> dict[str, bytes]:
    one, two, three = ehr.files.values()
    return {
        "Observation.0001.ndjson": one,
        "Observation.0002.ndjson": two,
        "QuestionnaireResponse.0001.ndjson": three,
    }
