"""Nobody has looked at a safety answer within the site's limit: the back-up hears.

The notice goes to the log as `safety answer not yet seen`, from where the site's own
alerting reaches the person whom the plan names. It holds no name, no answer, no
score: only that there is something to look at, and in which EHR.
"""

import logging
from datetime import datetime, timedelta

from ehr.tenants import Tenants
from vault.database import Vault

log = logging.getLogger("rom.safety")


def tell_backup(
    tenants: Tenants, vault: Vault, *, now: datetime, limit: timedelta
) -> int:
    """Report each overdue mark once.

    Returns:
        How many were reported by this call.
    """
    told = 0
    for tenant in tenants:
        marks = vault.for_tenant(tenant.id).safety
        for mark in marks.overdue(now, limit):
            if marks.told(mark.mark_id, now):
                told += 1
                log.critical(
                    "safety answer not yet seen",
                    extra={
                        "fields": {
                            "event": "safety answer not yet seen",
                            "event_id": mark.mark_id[:8],
                            "tenant": tenant.id,
                        }
                    },
                )
    return told
