"""The cards of a visit, as the chart page shows and remembers them."""

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field

from sandbox_ehr.hook_client import Asked
from sandbox_ehr.json_text import Json
from sandbox_ehr.markdown import Block, blocks

INDICATORS = {
    "info": "For information",
    "warning": "Please look",
    "critical": "Urgent",
}
MOST_VISITS = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One card on the page."""

    key: str  # the card's uuid, or ours if it has none
    has_uuid: bool  # without one there is no feedback and no dismiss button
    service: str
    card: Json

    @property
    def indicator(self) -> str:
        """info, warning or critical."""
        return str(self.card["indicator"])

    @property
    def indicator_words(self) -> str:
        """The indicator in words: colour alone says nothing."""
        return INDICATORS[self.indicator]

    @property
    def detail(self) -> list[Block]:
        """The detail as blocks."""
        return blocks(str(self.card.get("detail") or ""))


@dataclass(slots=True)
class Advice:
    """What decision support said in one visit, and what became of it."""

    shown: list[Shown] = field(default_factory=list)
    failures: tuple[str, ...] = ()
    notices: list[str] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    just_closed: bool = False  # the page that follows does not ask the service again


class AdviceByVisit:
    """Remembers the cards of the latest visits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Advice] = OrderedDict()

    def renew(self, visit: str, asked: Asked) -> Advice:
        """The advice just given; a card that was closed in this visit stays closed."""
        with self._lock:
            advice = self._kept.setdefault(visit, Advice())
            advice.failures = asked.failures
            advice.notices = []
            advice.shown = [
                shown
                for service, card in asked.cards
                if (shown := _shown(service, card)).key not in advice.closed
            ]
            while len(self._kept) > MOST_VISITS:
                self._kept.popitem(last=False)
            return advice

    def kept(self, visit: str) -> Advice | None:
        """The advice of this visit, as it stands."""
        with self._lock:
            return self._kept.get(visit)

    def after_closing(self, visit: str) -> Advice | None:
        """The advice as it stands, once after a card was closed; else None."""
        with self._lock:
            advice = self._kept.get(visit)
            if advice is None or not advice.just_closed:
                return None
            advice.just_closed = False
            return advice

    def close(self, visit: str, key: str, *, notice: str) -> None:
        """Take one card away and say why."""
        with self._lock:
            advice = self._kept.get(visit)
            if advice is not None:
                advice.closed.add(key)
                advice.shown = [each for each in advice.shown if each.key != key]
                advice.notices.append(notice)
                advice.just_closed = True

    def card(self, visit: str, key: str) -> Shown | None:
        """One card that is on the page."""
        advice = self.kept(visit)
        for each in advice.shown if advice else []:
            if each.key == key:
                return each
        return None


def _shown(service: str, card: Json) -> Shown:
    given = card.get("uuid")
    key = given if isinstance(given, str) and given else uuid.uuid4().hex
    return Shown(key, bool(given), service, card)
