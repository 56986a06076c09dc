"""Sites by the codes partners use, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from purveyor.core.errors import UnknownReference
from purveyor.core.ids import SiteId
from purveyor.store import masters
from purveyor.store.db import Tx


def site_ids(tx: Tx, named: Sequence[tuple[int, str | None]]) -> dict[str, SiteId]:
    """Return the ids of the sites that lines name, by code; raises UnknownReference for the first line with an unknown one."""
    codes = {code for _, code in named if code is not None}
    known = masters.ids_by_code(tx, "site", codes) if codes else {}
    for line_no, code in named:
        if code is not None and code not in known:
            raise UnknownReference(field="ship_to", line_no=line_no, site=code)
    return {code: SiteId(own) for code, own in known.items()}


def codes_of_sites(tx: Tx, sites: Iterable[SiteId | None]) -> Mapping[SiteId | None, str]:
    """Return the codes of sites by id."""
    wanted = {site for site in sites if site is not None}
    return {site_id: site.code for site_id, site in masters.sites(tx, wanted).items()} if wanted else {}
