"""Holds a folder of FHIR R4 JSON against the specification and its profiles."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.interop.java_tools import java_class_path, say

PROJECT = Path(__file__).resolve().parent
SECONDS = 300

Severity = Literal["fatal", "error", "warning", "information"]


class ValidatorFailed(RuntimeError):
    """The validator itself broke; the message ends with its last lines."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding of the HL7 validator's core."""

    severity: Severity
    place: str  # a FHIRPath-like location, `Observation.code`
    message: str
    id: str  # the validator's own name of the rule, stable across wordings


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file."""

    file: str
    resource_type: str
    resource_id: str
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The findings that make the resource invalid."""
        return tuple(i for i in self.issues if i.severity in ("fatal", "error"))


def validate(
    folder: Path, profiles: Sequence[Path] = (), *, heap: str = "1500m"
) -> list[Report]:
    """One report per `*.json` of `folder`, in the order of the file names.

    Starting costs far more than a resource: put all of them into one folder. Never
    uses the network; what it cannot look up (LOINC, SNOMED) is a warning. Skips the
    test where Java or Maven is absent.

    Args:
        folder: the resources; sub-folders are not searched.
        profiles: folders with StructureDefinitions, ValueSets, CodeSystems and the
            Questionnaires that responses are held against; searched with their
            sub-folders. The first definition of a canonical URL counts, but one
            with a snapshot before one without.
        heap: the most memory Java takes for objects, as `-Xmx` has it.

    Raises:
        BuildFailed: Maven could not build it.
        ValidatorFailed: it ended with an error, or printed no line for a file.
    """
    class_path = java_class_path(PROJECT)
    command = ["java", f"-Xmx{heap}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += ["-cp", class_path, "romonfhir.interop.FolderValidator"]
    files = sorted(folder.glob("*.json"))
    say(f"validating {len(files)} resources with HAPI's validator")
    try:
        run = subprocess.run(
            [*command, str(folder), *map(str, profiles)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValidatorFailed(
            f"no end after {SECONDS} s for {len(files)} resources: give it fewer, or"
            " fewer folders of definitions"
        ) from None
    reports = [_report(line) for line in run.stdout.splitlines()]
    if run.returncode != 0 or len(reports) != len(files):
        raise ValidatorFailed(
            f"it ended with code {run.returncode} after {len(reports)} of {len(files)}"
            " resources. If a file is no JSON, the first line below says so:\n"
            + "\n".join(line[:300] for line in run.stderr.splitlines()[-12:])
        )
    return reports


def _report(line: str) -> Report:
    found = json.loads(line)
    issues = (
        Issue(each["severity"], each["place"] or "", each["message"], each["id"] or "")
        for each in found["issues"]
    )
    return Report(found["file"], found["resourceType"], found["id"], tuple(issues))
