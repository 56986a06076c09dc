"""Triggers and the sign-in function of the first migration: the log refuses changes, tokens resolve through one door."""

from __future__ import annotations

from typing import Final

from purveyor.store.roles import RUNTIME

INSERT_ONLY_TRIGGERS: Final = [
    """
    CREATE FUNCTION purveyor_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION purveyor_refuse_change()"
        for table in ("event", "event_ref", "event_seal", "event_seal_head")
    ),
]

# Tokens are looked up before any scope is known: this is the one door, and it opens for an exact digest only.
RESOLVE_SIGN_IN: Final = """
CREATE FUNCTION purveyor_resolve_sign_in(kind text, digest bytea, idle interval) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found jsonb;
    scope_before text := coalesce(current_setting('purveyor.scope', true), '');
BEGIN
    PERFORM set_config('purveyor.scope', 'system', true);
    IF kind = 'login_session' THEN
        SELECT jsonb_build_object(
                   'id', s.id, 'user_id', u.id, 'person_key', u.person_key, 'stepped_up_at', s.stepped_up_at,
                   'roles', (SELECT coalesce(jsonb_agg(DISTINCT r.role), '[]') FROM user_role r WHERE r.user_id = u.id),
                   'business_units', (SELECT coalesce(jsonb_agg(DISTINCT r.business_unit_id), '[]')
                                      FROM user_role r WHERE r.user_id = u.id))
          INTO found
          FROM login_session s JOIN app_user u ON u.id = s.user_id
         WHERE s.token_hash = digest AND u.active AND s.ended_at IS NULL
           AND s.expires_at > now() AND s.last_seen_at > now() - idle;
        UPDATE login_session SET last_seen_at = now()
         WHERE found IS NOT NULL AND token_hash = digest AND last_seen_at < now() - interval '1 minute'
           AND current_setting('transaction_read_only') = 'off';
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

RESOLVE_GRANTS: Final = (
    "REVOKE ALL ON FUNCTION purveyor_resolve_sign_in(text, bytea, interval) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION purveyor_resolve_sign_in(text, bytea, interval) TO {RUNTIME}",
)
