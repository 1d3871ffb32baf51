"""Each page speaks the language of the person who reads it, and says when it cannot."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clinical.plan import DEMO_PLAN
from ehr.delivery.seal import sealed_submission
from ehr.queries import chart_queries
from fhir_mapping.dialect import load_dialect
from server.languages import TRANSLATIONS
from server.settings import Settings
from server.wsgi import create_app, read_installation
from smart_app.languages import choices, direction_of, name_of, nearest, own_name
from smart_app.refusals import REFUSALS
from smart_app.services import EXTENSION
from tests.hook_calls import (
    ALLIANCE,
    ISSUER,
    PHQ_9,
    TENANT,
    course,
    environment,
    write_files,
)
from tests.installation import STAFF, TABLET
from tests.pseudo_language import PSEUDO, Page, bare_words, write_pseudo
from tests.unit.ehr.canned import Canned, CannedEhr, bundle
from tests.unit.smart_app.conftest import CALLER, ITEM_9, OWN, Clinic, Tablet, hidden

DEMO = DEMO_PLAN.read_text(encoding="utf-8")
# What nobody translates: names, titles of instruments, codes, names of rules.
NAMES = {
    *("Ada", "Lovelace", "Ada L.", "PHQ-9", "GAD-7", "Alliance check-in", "HH"),
    *("Practitioner/1", "Observation", "Esperanto", "Español", "Deutsch", "English"),
    *("http://tablet.localhost:8702/kiosk/clinic", "S1", "S2", "DQ", "valueQuantity"),
}


def plan_in(*languages: str) -> str:
    """The demonstration's plan with other languages, each with a crisis text."""
    listed = ", ".join(f'"{each}"' for each in languages)
    texts = "\n".join(f'{each} = "crisis text {each}"' for each in languages)
    text = re.sub(r"^languages = .*$", f"languages = [{listed}]", DEMO, flags=re.M)
    text = re.sub(r"^(en|es|de) = .*\n", "", text, flags=re.M)
    return text.replace("[crisis]", f"[crisis]\n{texts}")


Start = Callable[..., Clinic]


@pytest.fixture
def ehr() -> Iterator[CannedEhr]:
    found = CannedEhr()
    yield found
    found.close()


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ehr: CannedEhr
) -> Iterator[Start]:
    """A clinic whose EHR answers, in the languages it is given."""
    opened: list[Any] = []

    def begin(
        *languages: str, translations: Path = TRANSLATIONS, tenant: str = ""
    ) -> Clinic:
        write_files(tmp_path, CALLER, plan=plan_in(*languages), tenant=tenant)
        file = tmp_path / "tenants.toml"
        file.write_text(file.read_text().replace(ISSUER, ehr.issuer))
        for name, value in environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        found = read_installation(Settings())  # type: ignore[call-arg]
        opened.append(create_app(found, translations=translations))
        return Clinic(opened[0].app.extensions[EXTENSION], opened[0].app)

    yield begin
    for each in opened:
        each.vault.close()


def person(ehr: CannedEhr, *spoken: dict[str, Any], answered_in: str = "en") -> None:
    """A patient with a course that has got worse, and one entry nobody can read."""
    patient = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"family": "Lovelace", "given": ["Ada"]}],
        "birthDate": "1985-12-10",
        "communication": list(spoken),
    }
    odd = course([3], coding=PHQ_9)[0] | {"id": "odd", "valueQuantity": {"value": 99}}
    scores = [*course([10, 12, 17.5, 19]), odd]
    scores = [each | {"language": answered_in} for each in scores]
    scores += course([14, 14, 13, 6], coding=ALLIANCE)
    ehr.says("Patient/p1", Canned(200, patient))
    for place, query in enumerate(chart_queries(load_dialect("plain-r4"))):
        parameters = query.search_parameters("p1").items()
        text = "&".join(f"{name}={value}" for name, value in parameters)
        found = bundle(*scores) if place == 0 else bundle()
        ehr.says(f"{query.resource_type}?{text}", found)


def speaks(language: str, *, preferred: bool = True) -> dict[str, Any]:
    coding = [{"system": "urn:ietf:bcp:47", "code": language}]
    return {"language": {"coding": coding}, "preferred": preferred}


def chart_page(clinic: Clinic, ehr: CannedEhr, accept: str) -> str:
    """The clinician's page in a browser that asks for these languages."""
    browser = clinic.client()
    path = clinic.launch(browser)
    answer = browser.get(path, base_url=STAFF, headers={"Accept-Language": accept})
    assert {each.path for each in ehr.seen} <= ehr.answers.keys()
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    ("accept", "lang", "said"),
    [
        ("es", "es", ("Qué mirar juntos", "17,5", "nacimiento: 10 dic 1985")),
        ("de", "de", ("Worauf Sie gemeinsam", "17,5", "geboren am 10. Dez. 1985")),
        ("de-CH,fr;q=0.9", "de-CH", ("Worauf Sie gemeinsam", "17.5")),
        ("es-MX", "es-MX", ("Qué mirar juntos", "17.5")),
        ("tlh, de;q=0.5", "de", ("Worauf Sie gemeinsam",)),
        ("en-US", "en-US", ("What to look at together", "17.5", "born 10 Dec 1985")),
        ("", "en", ("What to look at together",)),
        ("*", "en", ("What to look at together",)),
        ("xx-yy-zz;;q=1", "en", ("What to look at together",)),
    ],
)
def test_the_staffs_page_speaks_as_the_browser_asks(
    start: Start, ehr: CannedEhr, accept: str, lang: str, said: tuple[str, ...]
) -> None:
    person(ehr)

    page = chart_page(start("en", "es", "de"), ehr, accept)

    assert f'<html lang="{lang}" dir="ltr">' in page
    assert all(each in page for each in said)


@pytest.mark.parametrize(
    ("accept", "called"),
    [
        ("es-MX", "Registro de alianza"),
        ("de", "Kurzbogen Allianz"),
        ("en", "Alliance check-in"),
    ],
)
def test_our_own_form_is_called_in_the_readers_language_everywhere(
    start: Start, ehr: CannedEhr, accept: str, called: str
) -> None:
    person(ehr)

    page = chart_page(start("en", "es", "de"), ehr, accept)

    assert page.count(called) >= 6  # graph, its sentence and source, table, hand-over
    assert ("Alliance check-in" in page) is (accept == "en")


@pytest.mark.parametrize(
    ("tenant", "lang"),
    [('language = "de"', "de"), ('language = "ja"', "en"), ("", "en")],
)
def test_a_browser_that_asks_for_nothing_of_ours_gets_the_tenants_language(
    start: Start, tenant: str, lang: str
) -> None:
    clinic = start("en", "es", tenant=tenant)

    page = clinic.client().get(
        f"/launch/{TENANT}", base_url=STAFF, headers={"Accept-Language": "ja, *"}
    )

    assert f'<html lang="{lang}"' in page.text


@pytest.mark.parametrize(
    ("language", "hello", "start_word", "saved"),
    [
        ("es", "Hola, Ada L.", "Empezar", "Guardado"),
        ("de", "Guten Tag, Ada L.", "Beginnen", "Gespeichert"),
    ],
)
def test_the_tablet_speaks_the_language_that_the_person_chooses(
    clinic: Clinic,
    all_answers: dict[str, str],
    language: str,
    hello: str,
    start_word: str,
    saved: str,
) -> None:
    tablet = clinic.tablet()
    links = re.findall(r'href="([^"]*\?language=\w+)"', tablet.get(tablet.path).text)
    [chosen] = [each for each in links if each.endswith(language)]

    confirm = tablet.get(chosen).text
    [form_address] = re.findall(r'id="start" href="([^"]*)"', confirm)
    form = tablet.get(form_address).text
    [action] = re.findall(r'method="post" action="([^"]*)"', form)
    answers = {f"answer:{key}": value for key, value in all_answers.items()}
    sent = tablet.post(action, hidden(form) | answers | {f"answer:{ITEM_9}": "1"})
    page = tablet.get(sent.headers["Location"]).text

    assert f'<html lang="{language}"' in confirm
    assert hello in confirm and start_word in confirm
    assert f'<html lang="{language}"' in form
    assert saved in page
    assert clinic.services.plan.crisis[language][:30] in page
    assert f'data-crisis lang="{language}"' in page


def test_the_language_of_the_hand_over_is_the_clinicians_choice(
    start: Start, ehr: CannedEhr
) -> None:
    person(ehr, speaks("de-AT"))
    clinic = start("en", "es", "de")
    browser = clinic.client()
    path = clinic.launch(browser)
    page = browser.get(path, base_url=STAFF).text
    form = hidden(page) | {"instrument": "phq-9", "language": "es"}

    handed = browser.post(f"{path}handoff", data=form, base_url=STAFF, headers=OWN)
    [code] = re.findall(r'id="handoff-code"[^>]*>([\d ]+)<', handed.text)
    tablet = Tablet(clinic.client(), code.replace(" ", ""))

    assert '<option value="de" lang="de" dir="ltr" selected>Deutsch</option>' in page
    assert "Language: Spanish." in handed.text
    assert "Hola, Ada L." in tablet.get(tablet.path).text


def test_a_language_that_is_not_offered_is_said_and_not_guessed(
    start: Start, ehr: CannedEhr
) -> None:
    person(ehr, speaks("tr"))

    page = chart_page(start("en", "es"), ehr, "en")

    assert "The record names Turkish as this person&#39;s language." in page
    assert '<option value="en" lang="en" dir="ltr" selected>' in page


@pytest.mark.parametrize(
    "spoken",
    [
        (),
        (speaks("es", preferred=False), speaks("tr", preferred=False)),
        ({"preferred": True},),
        ({"language": {"text": "Spanish"}},),
    ],
)
def test_nobodys_language_is_guessed_from_a_record_that_does_not_say(
    start: Start, ehr: CannedEhr, spoken: tuple[dict[str, Any], ...]
) -> None:
    person(ehr, *spoken)

    page = chart_page(start("en", "es"), ehr, "en")

    assert "The record names" not in page
    assert '<option value="en" lang="en" dir="ltr" selected>' in page


@pytest.mark.hazard("H07")
@pytest.mark.parametrize(
    ("language", "warned"),
    [("en", False), ("en-GB", False), ("es", True), ("es-MX", True), ("tr", True)],
)
def test_numbers_of_another_language_are_never_shown_without_a_word(
    start: Start, ehr: CannedEhr, language: str, warned: bool
) -> None:
    person(ehr, answered_in=language)

    page = chart_page(start("en", "es"), ehr, "en")

    assert ("Its cut-off and reliable change are not known" in page) is warned


def test_one_language_alone_is_not_a_choice(start: Start, ehr: CannedEhr) -> None:
    person(ehr)
    clinic = start("en")
    tablet = clinic.tablet()

    assert 'name="language"' not in chart_page(clinic, ehr, "de")
    assert "?language=" not in tablet.get(tablet.path).text


def test_a_form_without_words_in_the_persons_language_says_so_everywhere(
    start: Start, ehr: CannedEhr, all_answers: dict[str, str]
) -> None:
    """`pt` has neither forms nor a catalogue here: English, and visibly so."""
    person(ehr)
    clinic = start("en", "pt")
    tablet = clinic.tablet()
    told = "PHQ-9: not available here in Portuguese; it is shown in English."

    confirm = tablet.get(f"{tablet.path}?language=pt").text
    form = tablet.get(f"{tablet.path}form/0?language=pt").text
    answers = {f"answer:{key}": value for key, value in all_answers.items()}
    sent = tablet.post(
        f"{tablet.path}form/0?language=pt",
        hidden(form) | answers | {f"answer:{ITEM_9}": "2"},
    )
    saved = tablet.get(sent.headers["Location"]).text

    assert told in confirm and '<html lang="en"' in confirm
    assert "not available here in Portuguese; it is shown in English." in form
    assert '<h1 lang="en" dir="ltr">' in form
    assert 'lang="pt" dir="ltr">crisis text pt<' in saved
    assert "not in Portuguese" in chart_page(clinic, ehr, "en")


def test_an_answer_is_kept_in_the_language_that_was_read(
    clinic: Clinic, all_answers: dict[str, str]
) -> None:
    """Changing the page's language afterwards changes no answer's."""
    tablet = clinic.tablet()
    form = tablet.get(f"{tablet.path}form/0?language=en").text
    answers = {f"answer:{key}": value for key, value in all_answers.items()}

    sent = tablet.post(f"{tablet.path}form/0?language=de", hidden(form) | answers)

    assert sent.status_code == 303
    [row] = clinic.vault.outbox.waiting("p1")
    kept = sealed_submission(row.payload, clinic.services.library).submission
    assert kept.answers.language == "en"


@pytest.mark.parametrize("asked", ["xx", "", "<script>", "de" * 500, "../en"])
def test_a_language_that_nobody_offers_is_ignored(clinic: Clinic, asked: str) -> None:
    tablet = clinic.tablet()

    page = tablet.client.get(
        tablet.path, base_url=TABLET, query_string={"language": asked}
    )

    assert page.status_code == 200
    assert '<html lang="en"' in page.text and "<script>" not in page.text


def test_a_language_taken_out_of_the_plan_since_the_hand_over_is_replaced(
    start: Start, ehr: CannedEhr
) -> None:
    clinic = start("en", "es")
    tablet = clinic.tablet()
    smaller = replace(clinic.services.plan, languages=("es",))
    clinic.app.extensions[EXTENSION] = replace(clinic.services, plan=smaller)

    assert "Hola, Ada L." in tablet.get(tablet.path).text


def test_a_refusal_on_the_tablet_speaks_the_persons_language(clinic: Clinic) -> None:
    closed = clinic.client().get(
        f"/kiosk/{TENANT}/nothing/?language=de", base_url=TABLET
    )
    wrong = clinic.client().post(
        f"/kiosk/{TENANT}?language=es",
        data={"code": "1"},
        base_url=TABLET,
        headers=OWN,
    )

    assert "Dieser Fragebogen ist geschlossen" in closed.text
    assert "Este código no se conoce" in wrong.text


def test_a_patients_own_launch_speaks_the_language_of_the_record(
    start: Start, ehr: CannedEhr
) -> None:
    person(ehr, speaks("es"))
    clinic = start("en", "es", "de")
    browser = clinic.client()
    scopes = "patient/QuestionnaireResponse.c"
    path = clinic.launch(browser, user="Patient/p1", scopes=scopes)

    home = browser.get(path, base_url=STAFF, headers={"Accept-Language": "en"}).text
    other = browser.get(f"{path}?language=de", base_url=STAFF).text
    [form_address, *_] = re.findall(r'class="button" href="([^"]*)"', other)
    form = browser.get(form_address, base_url=STAFF).text

    assert "Hola, Ada L." in home
    assert "Guten Tag, Ada L." in other
    assert '<html lang="de"' in form and "?language=de" in form


@pytest.fixture
def pseudo(start: Start, ehr: CannedEhr, tmp_path: Path) -> Clinic:
    """A clinic whose every word stands in brackets."""
    person(ehr, speaks("tr"), answered_in="tr")
    folder = write_pseudo(tmp_path / "translations")
    return start("en", PSEUDO, translations=folder)


def test_every_word_of_the_staffs_pages_can_be_translated(
    pseudo: Clinic, ehr: CannedEhr, all_answers: dict[str, str]
) -> None:
    tablet, browser = pseudo.tablet(), pseudo.client()
    tablet.send(tablet.open(), all_answers | {ITEM_9: "2"})
    headers = {"Accept-Language": PSEUDO}
    path = pseudo.launch(browser)
    chart = browser.get(path, base_url=STAFF, headers=headers).text
    form = hidden(chart) | {"instrument": "phq-9", "language": PSEUDO}
    handed = browser.post(
        f"{path}handoff", data=form, base_url=STAFF, headers=OWN | headers
    ).text
    mark = pseudo.vault.safety.open_marks("p1")[0].mark_id
    browser.post(f"{path}seen/{mark}", data=form, base_url=STAFF, headers=OWN)
    seen = browser.get(path, base_url=STAFF, headers=headers).text
    ehr.says("Patient/p1", Canned(503))
    away = browser.get(path, base_url=STAFF, headers=headers).text
    pages = {"chart": chart, "handed": handed, "seen": seen, "away": away}

    for name, text in pages.items():
        page = Page(text)
        assert len(page.in_language(PSEUDO)) > 6, name
        assert bare_words(page, known=NAMES) == [], name
    assert 'data-signal="S2"' in chart and "data-unread" in chart and "⟦Safety" in chart
    assert chart.index("data-unread") < chart.index("area-table")


def test_every_word_of_the_patients_pages_can_be_translated(
    pseudo: Clinic, all_answers: dict[str, str]
) -> None:
    tablet = pseudo.tablet(forms=("phq-9", "session-alliance"))
    query = f"?language={PSEUDO}"
    form = tablet.get(f"{tablet.path}form/0{query}").text
    answers = {f"answer:{key}": value for key, value in all_answers.items()}
    blank = tablet.post(f"{tablet.path}form/0{query}", hidden(form)).text
    sent = tablet.post(
        f"{tablet.path}form/0{query}", hidden(form) | answers | {"confirmed": "1"}
    )
    alliance = tablet.get(f"{tablet.path}form/1{query}").text
    pages = {
        "enter": tablet.get(f"/kiosk/{TENANT}{query}").text,
        "confirm": tablet.get(f"{tablet.path}{query}").text,
        "form": form,
        "blank": blank,
        "alliance": alliance,
        "saved": tablet.get(sent.headers["Location"]).text,
        "not me": tablet.post(f"{tablet.path}not-me{query}", {"x": "y"}).text,
        "closed": tablet.get(f"{tablet.path}{query}").text,
    }
    known = NAMES | {"Patient Health Questionnaire", "How we work together"}
    known |= {f"crisis text {PSEUDO}"}  # the site's own words

    for name, text in pages.items():
        page = Page(text)
        assert page.in_language(PSEUDO), name
        assert bare_words(page, known=known) == [], name


@pytest.mark.parametrize("error", REFUSALS, ids=lambda each: each.__name__)
def test_every_refusal_can_be_translated(
    clinic: Clinic, error: type[Exception]
) -> None:
    refusal = REFUSALS[error]
    said: dict[str, tuple[str, ...]] = {}
    for language in ("en", "es", "de"):
        with clinic.app.test_request_context(
            f"/launch/{TENANT}",
            base_url=STAFF,
            headers={"Accept-Language": language},
        ):
            said[language] = (refusal.heading(), refusal.text(), refusal.next_step())

    for language in ("es", "de"):
        for english, other in zip(said["en"], said[language], strict=True):
            assert (english == other) is (english == "")


def test_a_word_outside_the_brackets_is_found() -> None:
    page = Page(f'<html lang="{PSEUDO}"><p>⟦a ⟦b⟧⟧ Saved</p><p lang="en">x y</p>')

    assert bare_words(page, known=set()) == ["Saved"]


def test_languages_have_the_names_that_their_speakers_use(clinic: Clinic) -> None:
    with clinic.app.test_request_context(
        f"/launch/{TENANT}", base_url=STAFF, headers={"Accept-Language": "de"}
    ):
        assert name_of("es") == "Spanisch"
    assert [each.name for each in choices(("en", "ar", "tlh"), chosen="ar")] == [
        *("English", "العربية", "tlh"),
    ]
    assert own_name("pt-BR") == "Português (Brasil)"
    assert (direction_of("ar"), direction_of("tlh")) == ("rtl", "ltr")
    assert nearest("es-MX", ("en", "es")) == "es"
    assert nearest("", ("en",)) is None and nearest("tlh", ("en",)) is None
