"""What can go wrong on our pages; each has one row in `smart_app/refusals.py`.

NoBrowserCookie   the cookie did not come back: open in its own window, launch again
WrongPatient      the form was opened for another patient or launch: 409, nothing stored
ForeignRequest    a POST that our own page did not make: 403
NotForPatients    only the EHR's staff may do this: 403
NotOffered        this form is not offered here (no wording, not in the plan): 404
LicenceOver       the site's licence of this form has ended: 403
NothingChosen     a handoff without any form: 400
NoCouples         the plan names no form that two partners may see together: 404
PartnerOver       the partner's launch is not open for this user in this browser: 404
NoGroups          the plan names no form of which a group's mean may be shown: 404
MemberOver        the launch of a member of the group is not open here: 404
"""


class NoBrowserCookie(Exception):
    """The browser did not send our cookie back (third-party cookies blocked)."""

    def __init__(self) -> None:
        super().__init__("the browser keeps no cookie for this launch")


class WrongPatient(Exception):
    """What the form was opened for is not what it is sent for."""

    def __init__(self) -> None:
        super().__init__("the form belongs to another patient or launch")


class ForeignRequest(Exception):
    """Another site's page, or an old one of ours, made this request."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"not made by our own page: {cause}")
        self.cause = cause


class NotForPatients(Exception):
    """A patient's or carer's launch asked for what only the EHR's staff may do."""

    def __init__(self) -> None:
        super().__init__("this launch was not made by the EHR's staff")


class NotOffered(Exception):
    """No such form here, or its wording is missing."""

    def __init__(self, instrument_id: str) -> None:
        super().__init__(f"the form {instrument_id!r} is not offered here")
        self.instrument_id = instrument_id


class LicenceOver(Exception):
    """The site's licence of this form has ended; scores taken before stay readable."""

    def __init__(self, instrument_id: str) -> None:
        super().__init__(f"the licence of the form {instrument_id!r} has ended")
        self.instrument_id = instrument_id


class NothingChosen(Exception):
    """A handoff needs at least one form."""

    def __init__(self) -> None:
        super().__init__("no form was chosen to hand over")


class NoCouples(Exception):
    """The site's plan has no table for couples."""

    def __init__(self) -> None:
        super().__init__("the measurement plan names no form for couples")


class PartnerOver(Exception):
    """The second launch of a pair cannot stand beside the first."""

    def __init__(self) -> None:
        super().__init__("the partner's launch is not open here")


class NoGroups(Exception):
    """The site's plan has no table for groups."""

    def __init__(self) -> None:
        super().__init__("the measurement plan names no form for groups")


class MemberOver(Exception):
    """The launch of one of a group's members cannot be used from here."""

    def __init__(self) -> None:
        super().__init__("the launch of a member of the group is not open here")
