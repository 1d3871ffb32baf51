"""Visits of a year from the chart: all of them, or not told."""

from datetime import date

import pytest

from ehr.appointments import appointments_if_any
from fhir_mapping.appointments import NOT_TOLD
from tests.hook_calls import bundle as searched
from tests.unit.ehr.canned import Canned, CannedEhr
