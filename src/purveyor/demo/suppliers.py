"""How the demo's suppliers want to be spoken to: channels in their order, mail addresses, time zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """One supplier's profile; suppliers with an API fall back to mail."""

    code: str
    channels: tuple[str, ...]
    time_zone: str
    transit_days: int = 2

    @property
    def email(self) -> str:
        """The mail address orders go to."""
        return f"orders@{self.code.lower()}.example"


PROFILES: Final = (
    Profile("KEYSTONE", ("api", "email"), "America/New_York"),
    Profile("LAKESHORE", ("api", "email"), "America/New_York"),
    Profile("BUCKEYE", ("email",), "America/New_York"),
    Profile("GULFPIPE", ("email",), "America/Chicago"),
    Profile("TRUESEAL", ("email",), "America/New_York"),
    Profile("IRONHAND", ("email",), "America/Chicago"),
    Profile("SIERRA", ("email",), "America/Los_Angeles"),
    Profile("OZARK", ("email",), "America/Chicago"),
    Profile("CASCADE", ("email",), "America/Los_Angeles"),
)
