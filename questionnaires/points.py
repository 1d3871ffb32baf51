"""What an item can be worth, in score points."""

from decimal import Decimal
from typing import assert_never

from questionnaires.instrument import ChoiceItem, SliderItem


def offered_points(item: ChoiceItem | SliderItem) -> tuple[Decimal, Decimal]:
    """Lowest and highest points this item can be worth."""
    match item:
        case ChoiceItem(options=options):
            points = [option.points for option in options]
            return min(points), max(points)
        case SliderItem(low=low, high=high, points_per_step=step):
            return low * step, high * step
        case _:
            assert_never(item)
