"""LHC-Forms in Chromium, from the files of its npm package and nothing else."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Playwright, Route

from fhir_mapping.r4.json import Json, json_bytes
from tests.interop.foreign_forms.forms import ForeignForm, ways_to_answer
from tests.journeys.browser import chromium
from tests.vectors import Vector, Vectors

PACKAGE = "lforms@40.1.3"
ENGINE = "LHC-Forms 40.1.3"
ORIGIN = "http://forms.invalid/"
SCRIPT = Path(__file__).parent / "lhc_page.mjs"
BATCH = 200  # vectors handed over at once

_KINDS = {".js": "text/javascript", ".css": "text/css"}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>LHC-Forms</title>
<link rel="stylesheet" href="/lforms/webcomponent/styles.css"></head>
<body><div id="form"></div>
<script src="/lforms/webcomponent/assets/lib/zone.min.js"></script>
<script src="/lforms/webcomponent/runtime.js"></script>
<script src="/lforms/webcomponent/polyfills.js"></script>
<script src="/lforms/webcomponent/main.js"></script>
<script src="/lforms/fhir/R4/lformsFHIR.min.js"></script>
</body></html>"""

Scores = tuple[Decimal | None, ...]


@dataclass(slots=True)
class LhcForms:
    """One page; `complaints` holds what it said in its console or asked of others."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def load(self, questionnaire: Json) -> str | None:
        """What went wrong, or None."""
        self.complaints.clear()
        return self._call("load(given)", _as_json(questionnaire))

    def items(self) -> dict[str, Any]:
        """The form model's items by link id."""
        return {each["linkId"]: each for each in self._call("items()")}

    def text(self) -> str:
        """What a person can read, white space as single blanks."""
        return " ".join(self.page.inner_text("#form").split())

    def scores(self) -> Scores:
        """The computed values that the form holds now."""
        return _exact(self._call("scores()").values())

    def computed(
        self, form: ForeignForm, vectors: Vectors, rows: Sequence[Vector]
    ) -> Iterator[tuple[Vector, Scores]]:
        """Each vector with what LHC-Forms computes once a form model is filled so."""
        questionnaire = _as_json(form.questionnaire)
        link_ids, answers = _answers(form, vectors)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            told = self._call(
                "computed(...given)", [questionnaire, link_ids, answers, batch]
            )
            for vector, values in zip(batch, told, strict=True):
                yield vector, _exact(values)

    def extracted(
        self, form: ForeignForm, vectors: Vectors, vector: Vector
    ) -> list[Json]:
        """The Observations extracted from the shown form, once it is filled so."""
        given = [*_answers(form, vectors), vector]
        _, *bundles = map(_exactly, self._call("extracted(...given)", given))
        entries = [entry for bundle in bundles for entry in bundle.get("entry", [])]
        return [entry["resource"] for entry in entries]

    def response(self) -> Json:
        """The response as LHC-Forms writes it."""
        return _exactly(self._call("response()"))

    def _call(self, function: str, given: object = None) -> Any:
        return self.page.evaluate(f"(given) => rom.{function}", given)


def _answers(
    form: ForeignForm, vectors: Vectors
) -> tuple[list[str], list[list[object]]]:
    """The link ids of the questions, and what can be chosen for each."""
    _, bare = ways_to_answer(form, vectors)
    answers: list[list[object]] = [
        [_choice(item) for item in question] for question in bare
    ]
    return [each.link_id for each in vectors.questions], answers


@contextmanager
def lhc_forms(
    playwright: Playwright, package: Path, profile: Path
) -> Iterator[LhcForms]:
    """A page in which LHC-Forms is ready.

    Args:
        package: the unpacked npm package.
        profile: a folder that is not there yet, for the browser's profile.
    """
    with chromium(playwright, profile) as context:
        lhc = LhcForms(context.new_page())

        def served(route: Route) -> None:
            path = route.request.url.removeprefix(ORIGIN)
            file = package / "dist" / path
            if path == "":
                route.fulfill(body=_PAGE, content_type="text/html")
            elif route.request.url.startswith(ORIGIN) and file.is_file():
                kind = _KINDS.get(file.suffix, "application/octet-stream")
                route.fulfill(body=file.read_bytes(), content_type=kind)
            else:
                lhc.complaints.append(f"asked for {route.request.url}")
                route.abort()

        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                lhc.complaints.append(f"{message.type}: {message.text}")

        lhc.page.route("**/*", served)
        lhc.page.on("console", said)
        lhc.page.on("pageerror", lambda error: lhc.complaints.append(str(error)))
        # It reports each calculation: a line a vector.
        lhc.page.add_init_script("console.log = () => {};")
        lhc.page.goto(ORIGIN)
        lhc.page.wait_for_function("window.LForms?.FHIR?.R4 !== undefined")
        lhc.page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
        yield lhc


def _choice(item: Json) -> Json:
    """A response item as the page's script takes it."""
    (answer,) = item["answer"]
    if "valueInteger" in answer:
        return {"number": answer["valueInteger"]}
    coding = answer["valueCoding"]
    return {"code": coding["code"], "system": coding["system"]}


def _exact(values: Any) -> Scores:
    """As printed: a binary float's shortest text is what its maker meant."""
    return tuple(None if each is None else Decimal(str(each)) for each in values)


def _as_json(resource: Json) -> Any:
    return json.loads(json_bytes(resource))


def _exactly(resource: Any) -> Json:
    told: Json = json.loads(json.dumps(resource), parse_float=Decimal)
    return told
