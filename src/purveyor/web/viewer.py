"""Who looks at a page, as far as pages need to know: language, time zone, theme, form token, name and roles."""

from __future__ import annotations

from dataclasses import dataclass

from purveyor.core.access import Actor, Permission
from purveyor.web.i18n import DEFAULT_LOCALE


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person in front of the page; ``actor`` is absent on pages that need no sign-in."""

    csrf_token: str
    actor: Actor | None = None
    name: str | None = None
    locale: str = DEFAULT_LOCALE
    time_zone: str = "UTC"
    theme: str | None = None

    def may(self, permission: Permission) -> bool:
        """Say whether the person holds a permission; nobody signed in holds none."""
        return self.actor is not None and self.actor.may(permission)
