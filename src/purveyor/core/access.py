"""Who acts, what each role may do, and which rows an actor may see.

Actor and scope differ: the actor is who did it (and for whom), the scope is which business units or which supplier the
transaction may touch. Permissions are read from one table here on every request, never from a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.errors import NotAuthorised


class Role(StrEnum):
    """The roles people and clients hold; a person may hold several."""

    BUYER = "buyer"
    CATEGORY_MANAGER = "category_manager"
    APPROVER = "approver"
    WAREHOUSE = "warehouse"
    ACCOUNTS_PAYABLE = "accounts_payable"
    IT = "it"
    AUDITOR = "auditor"
    SUPPLIER = "supplier"


class ActorKind(StrEnum):
    """What kind of party acts."""

    USER = "user"
    SUPPLIER = "supplier"
    API_CLIENT = "api_client"
    SYSTEM = "system"
    ADVISORY = "advisory"


class Permission(StrEnum):
    """One thing that can be done; the name is ``noun:verb``."""

    ORDER_READ = "order:read"
    ORDER_WRITE = "order:write"
    ORDER_SUBMIT = "order:submit"
    ORDER_RELEASE = "order:release"
    ORDER_CANCEL = "order:cancel"
    FINDING_OVERRIDE = "finding:override"
    APPROVAL_READ = "approval:read"
    APPROVAL_DECIDE = "approval:decide"
    ACKNOWLEDGMENT_WRITE = "acknowledgment:write"
    SHIP_NOTICE_WRITE = "ship_notice:write"
    RECEIPT_WRITE = "receipt:write"
    INVOICE_WRITE = "invoice:write"
    EXCEPTION_READ = "exception:read"
    EXCEPTION_RESOLVE = "exception:resolve"
    MESSAGE_READ = "message:read"
    MESSAGE_REPLAY = "message:replay"
    EVENT_READ = "event:read"
    AUDIT_READ = "audit:read"
    OPERATIONS_READ = "operations:read"
    USER_READ = "user:read"
    USER_MANAGE = "user:manage"
    COMPANY_CONFIGURE = "company:configure"


_READ: Final = frozenset(
    {
        Permission.ORDER_READ,
        Permission.APPROVAL_READ,
        Permission.EXCEPTION_READ,
        Permission.MESSAGE_READ,
        Permission.EVENT_READ,
    }
)
_ORDER_DESK: Final = _READ | {
    Permission.ORDER_WRITE,
    Permission.ORDER_SUBMIT,
    Permission.ORDER_RELEASE,
    Permission.ORDER_CANCEL,
    Permission.ACKNOWLEDGMENT_WRITE,
    Permission.EXCEPTION_RESOLVE,
    Permission.MESSAGE_REPLAY,
}

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.BUYER: _ORDER_DESK,
    Role.CATEGORY_MANAGER: _ORDER_DESK | {Permission.FINDING_OVERRIDE, Permission.APPROVAL_DECIDE},
    Role.APPROVER: _READ | {Permission.APPROVAL_DECIDE, Permission.FINDING_OVERRIDE},
    Role.WAREHOUSE: _READ | {Permission.RECEIPT_WRITE, Permission.EXCEPTION_RESOLVE},
    Role.ACCOUNTS_PAYABLE: _READ | {Permission.INVOICE_WRITE, Permission.EXCEPTION_RESOLVE},
    Role.IT: _READ
    | {
        Permission.MESSAGE_REPLAY,
        Permission.OPERATIONS_READ,
        Permission.AUDIT_READ,
        Permission.EXCEPTION_RESOLVE,
        Permission.USER_READ,
        Permission.USER_MANAGE,
        Permission.COMPANY_CONFIGURE,
    },
    Role.AUDITOR: _READ | {Permission.AUDIT_READ, Permission.USER_READ},
    Role.SUPPLIER: frozenset(
        {Permission.ORDER_READ, Permission.ACKNOWLEDGMENT_WRITE, Permission.SHIP_NOTICE_WRITE, Permission.INVOICE_WRITE}
    ),
}
"""The permission table: what each role may do."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a supplier, an API client, the system itself or an advisory.

    ``person_key`` is the same for every account of one human being, so that a second account is no second person.
    ``grants`` are the scopes of an API key; people get theirs from ``roles``.
    """

    kind: ActorKind
    id: UUID | None = None
    person_key: str | None = None
    roles: frozenset[Role] = frozenset()
    business_units: frozenset[UUID] = frozenset()
    supplier_id: UUID | None = None
    on_behalf_of: UUID | None = None
    grants: frozenset[Permission] = frozenset()

    def may(self, permission: Permission) -> bool:
        """Say whether this actor holds a permission; an advisory holds none, the system holds all."""
        if self.kind is ActorKind.ADVISORY:
            return False
        if self.kind is ActorKind.SYSTEM:
            return True
        if self.kind is ActorKind.API_CLIENT:
            return permission in self.grants
        return any(permission in PERMISSIONS[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Raise NotAuthorised naming the roles that hold the permission, unless this actor does."""
        if not self.may(permission):
            holders = sorted(role.value for role, held in PERMISSIONS.items() if permission in held)
            raise NotAuthorised(permission=permission.value, roles=", ".join(holders))


SYSTEM: Final = Actor(ActorKind.SYSTEM)
"""The product itself: jobs, timers and intake."""

ADVISORY: Final = Actor(ActorKind.ADVISORY)
"""A model: it may put a suggestion on record and ask a person, nothing else."""


class ScopeKind(StrEnum):
    """How row security limits a transaction."""

    SYSTEM = "system"
    UNITS = "units"
    SUPPLIER = "supplier"
    ADVISORY = "advisory"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a transaction may see: everything, some business units, one supplier, what an advisory may reach, or nothing."""

    kind: ScopeKind
    business_units: frozenset[UUID] = frozenset()
    supplier_id: UUID | None = None


SYSTEM_SCOPE: Final = Scope(ScopeKind.SYSTEM)


def scope_of(actor: Actor) -> Scope:
    """Return the narrowest scope that lets this actor do its work."""
    if actor.kind is ActorKind.SYSTEM:
        return SYSTEM_SCOPE
    if actor.kind is ActorKind.ADVISORY:
        return Scope(ScopeKind.ADVISORY)
    if actor.supplier_id is not None:
        return Scope(ScopeKind.SUPPLIER, supplier_id=actor.supplier_id)
    if actor.business_units:
        return Scope(ScopeKind.UNITS, business_units=actor.business_units)
    return Scope(ScopeKind.NONE)
