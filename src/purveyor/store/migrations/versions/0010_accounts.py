"""Accounts of people: invitations, wrong tries, second factors, identities at a provider; and the language of suppliers.

Why: people are invited and set their own password, approvers sign in with a second factor, companies bring their own sign-in.
The one door for tokens learns two more kinds, and sessions that wait for a second factor open nothing else. Revision 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from purveyor.store.migrations.steps import create_table, run
from purveyor.store.row_security import Security

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SYSTEM = Security(scoped_by="system")

RESOLVE_SIGN_IN = """
CREATE OR REPLACE FUNCTION purveyor_resolve_sign_in(kind text, digest bytea, idle interval) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found jsonb;
    scope_before text := coalesce(current_setting('purveyor.scope', true), '');
BEGIN
    PERFORM set_config('purveyor.scope', 'system', true);
    IF kind IN ('login_session', 'half_session') THEN
        SELECT jsonb_build_object(
                   'id', s.id, 'user_id', u.id, 'person_key', u.person_key, 'stepped_up_at', s.stepped_up_at,
                   'roles', (SELECT coalesce(jsonb_agg(DISTINCT r.role), '[]') FROM user_role r WHERE r.user_id = u.id),
                   'business_units', (SELECT coalesce(jsonb_agg(DISTINCT r.business_unit_id), '[]')
                                      FROM user_role r WHERE r.user_id = u.id))
          INTO found
          FROM login_session s JOIN app_user u ON u.id = s.user_id
         WHERE s.token_hash = digest AND u.active AND s.ended_at IS NULL AND s.half = (kind = 'half_session')
           AND s.expires_at > now() AND s.last_seen_at > now() - idle;
        UPDATE login_session SET last_seen_at = now()
         WHERE found IS NOT NULL AND token_hash = digest AND last_seen_at < now() - interval '1 minute'
           AND current_setting('transaction_read_only') = 'off';
    ELSIF kind = 'account_link' THEN
        SELECT jsonb_build_object('id', l.id, 'user_id', l.user_id, 'purpose', l.purpose)
          INTO found
          FROM account_link l JOIN app_user u ON u.id = l.user_id
         WHERE l.token_hash = digest AND u.active AND l.used_at IS NULL AND l.expires_at > now();
    ELSIF kind = 'api_key' THEN
        SELECT jsonb_build_object('id', k.id, 'client_id', c.id, 'supplier_id', c.supplier_id,
                                  'business_units', to_jsonb(c.business_units), 'grants', to_jsonb(k.grants))
          INTO found
          FROM api_key k JOIN api_client c ON c.id = k.client_id
         WHERE k.key_hash = digest AND c.active AND k.revoked_at IS NULL
           AND (k.expires_at IS NULL OR k.expires_at > now());
    ELSIF kind = 'supplier_link' THEN
        SELECT jsonb_build_object('id', l.id, 'supplier_id', l.supplier_id, 'order_id', l.order_id,
                                  'order_version', l.order_version, 'purpose', l.purpose)
          INTO found
          FROM supplier_link l
         WHERE l.token_hash = digest AND l.revoked_at IS NULL AND l.expires_at > now();
    END IF;
    PERFORM set_config('purveyor.scope', scope_before, true);
    RETURN found;
END $$
"""


def upgrade() -> None:
    """Create the tables of accounts, let sessions be half open, teach the door, and give suppliers a language."""
    op.add_column("login_session", sa.Column("half", sa.Boolean, nullable=False, server_default=sa.false()))
    op.alter_column("login_session", "half", server_default=None)
    op.add_column("supplier_profile", sa.Column("language", sa.Text, nullable=False, server_default="en"))
    op.alter_column("supplier_profile", "language", server_default=None)
    run(["GRANT SELECT (language) ON supplier_profile TO purveyor_portal"])
    create_table(
        "account_link",
        sa.Column("id", sa.Uuid, primary_key=True),
        _user(),
        sa.Column("token_hash", sa.LargeBinary),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.UniqueConstraint("token_hash"),
        security=SYSTEM,
    )
    op.create_index("ix_account_link_user_id", "account_link", ["user_id"])
    create_table(
        "account_lock",
        _user(primary_key=True),
        sa.Column("wrong_tries", sa.Integer, nullable=False),
        sa.Column("locked_until", MOMENT),
        security=SYSTEM,
    )
    create_table(
        "second_factor",
        _user(primary_key=True),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("last_counter", sa.BigInteger, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        security=SYSTEM,
    )
    create_table(
        "recovery_code",
        _user(primary_key=True),
        sa.Column("code_hash", sa.LargeBinary, nullable=False, primary_key=True),
        sa.Column("used_at", MOMENT),
        security=SYSTEM,
    )
    create_table(
        "provider_identity",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        _user(),
        sa.Column("linked_at", MOMENT, nullable=False),
        security=SYSTEM,
    )
    op.create_index("ix_provider_identity_user_id", "provider_identity", ["user_id"])
    run([RESOLVE_SIGN_IN])


def _user(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        "user_id", sa.Uuid, sa.ForeignKey("app_user.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )
