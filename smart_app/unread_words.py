"""Why an entry of the record could not be used, in words for the staff."""

from typing import assert_never

from flask_babel import gettext

from fhir_mapping.unread import Reason


def unread_reason(reason: Reason) -> str:
    """A few words; what stands in the entry itself is never quoted."""
    match reason:
        case "malformed":
            return gettext("not of the shape that FHIR asks for")
        case "unknown_code":
            return gettext("a code that this form does not have")
        case "unit":
            return gettext("a unit other than score points")
        case "out_of_range":
            return gettext("a number that this form cannot give")
        case "no_date":
            return gettext("no date that is exact to the day")
        case "no_time":
            return gettext("only a day, and no time")
        case "after_the_export":
            return gettext("dated later than the export that holds it")
        case "other_patient":
            return gettext("about another person")
        case "not_final":
            return gettext("not final")
        case "not_interpreted":
            return gettext("marked in a way that we do not know")
        case "disagrees":
            return gettext("its total is not what its answers give")
        case "incomplete":
            return gettext("items of the form are missing")
        case "partial_page":
            return gettext("the search could not be read to its end")
        case _:
            assert_never(reason)
