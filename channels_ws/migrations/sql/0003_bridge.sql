-- What bridges share: who relays which inbox, what could not be relayed, and what was missed. And
-- which rooms the server processes have bound, so that the bindings of dead ones can be removed.

-- Bridge processes, by their heartbeat. The times are this database's.
CREATE TABLE wsmigrate_bridge (
    owner text PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    reaches_broker boolean NOT NULL,
    said jsonb NOT NULL DEFAULT '{}',     -- its figures, for `wsmigrate bridge status`
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION wsmigrate_is_near(p_time timestamptz, p_within interval) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT p_time BETWEEN clock_timestamp() - p_within AND clock_timestamp() + p_within
$$;

CREATE TABLE wsmigrate_lease (
    inbox text PRIMARY KEY,
    holder text,                          -- null: nobody's
    fence bigint NOT NULL DEFAULT 0,      -- counts its holders
    expires_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One heartbeat of a bridge: renew the leases that it keeps, give back its others, free what the
-- dead hold, and take its share of what is free. All inboxes that it holds from now on, with their
-- fences; and how many it ought to hold.
--
-- A bridge is dead when its lease is over; or, at once, when its session has ended (each holds an
-- advisory lock for as long as its connection lives) and it was not heard of for p_gone_after
-- seconds, in which one that merely lost its connection is back. Bridges that do not reach the
-- broker get a share only where none does.
--
-- A clock may be set back: what then lies further ahead than it ever could is as good as over.
CREATE FUNCTION wsmigrate_share_out(
    p_owner text, p_inboxes text[], p_keep text[], p_lease double precision,
    p_gone_after double precision, p_reaches_broker boolean, p_host text, p_pid integer, p_said jsonb,
    OUT share integer, OUT bridges integer, OUT held jsonb
) LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    lease interval := make_interval(secs => p_lease);
    gone_after interval := make_interval(secs => p_gone_after);
    until timestamptz;
    place integer;
    few integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('wsmigrate_share_out', 0));
    INSERT INTO wsmigrate_bridge AS b (owner, host, pid, reaches_broker, said)
        VALUES (p_owner, p_host, p_pid, p_reaches_broker, p_said)
        ON CONFLICT (owner) DO UPDATE SET
            reaches_broker = EXCLUDED.reaches_broker, said = EXCLUDED.said,
            seen_at = clock_timestamp();
    DELETE FROM wsmigrate_bridge
        WHERE owner <> p_owner
        AND NOT wsmigrate_is_near(seen_at, greatest(lease, interval '10 minutes'));
    INSERT INTO wsmigrate_lease (inbox) SELECT unnest(p_inboxes) ON CONFLICT DO NOTHING;
    UPDATE wsmigrate_lease AS l SET holder = NULL
        WHERE l.holder <> p_owner AND (
            l.expires_at < clock_timestamp()
            OR l.expires_at > clock_timestamp() + 2 * lease
            OR NOT EXISTS (
                SELECT FROM wsmigrate_bridge AS b WHERE b.owner = l.holder AND (
                    wsmigrate_is_near(b.seen_at, gone_after)
                    OR NOT pg_try_advisory_xact_lock(hashtextextended('wsmigrate_bridge ' || b.owner, 0))
                )
            )
        );
    UPDATE wsmigrate_lease SET holder = NULL WHERE holder = p_owner AND NOT inbox = ANY (p_keep);
    until := clock_timestamp() + lease;
    UPDATE wsmigrate_lease SET expires_at = until WHERE holder = p_owner;
    WITH live AS (
        SELECT owner, row_number() OVER (ORDER BY started_at, owner) - 1 AS rank, count(*) OVER () AS n
        FROM wsmigrate_bridge
        WHERE wsmigrate_is_near(seen_at, lease) AND (
            reaches_broker OR NOT EXISTS (
                SELECT FROM wsmigrate_bridge AS other
                WHERE other.reaches_broker AND wsmigrate_is_near(other.seen_at, lease)
            )
        )
        AND (
            owner = p_owner
            OR wsmigrate_is_near(seen_at, gone_after)
            OR NOT pg_try_advisory_xact_lock(hashtextextended('wsmigrate_bridge ' || owner, 0))
        )
    )
    SELECT rank, n INTO place, bridges FROM live WHERE owner = p_owner;
    IF bridges IS NULL THEN
        share := 0;
        SELECT count(*) INTO bridges FROM wsmigrate_bridge;
    ELSE
        few := cardinality(p_inboxes) / bridges;
        share := few + CASE WHEN place < cardinality(p_inboxes) % bridges THEN 1 ELSE 0 END;
    END IF;
    UPDATE wsmigrate_lease SET holder = p_owner, fence = fence + 1, expires_at = until
        WHERE inbox IN (
            SELECT inbox FROM wsmigrate_lease WHERE holder IS NULL AND inbox = ANY (p_inboxes)
            ORDER BY expires_at, inbox
            LIMIT greatest(0, share - (SELECT count(*) FROM wsmigrate_lease WHERE holder = p_owner))
        );
    SELECT coalesce(jsonb_object_agg(inbox, fence), '{}') INTO held
        FROM wsmigrate_lease WHERE holder = p_owner;
END $$;

-- A bridge ends: its leases are free at once.
CREATE FUNCTION wsmigrate_leave(p_owner text) RETURNS void LANGUAGE sql AS $$
    UPDATE wsmigrate_lease SET holder = NULL WHERE holder = p_owner;
    DELETE FROM wsmigrate_bridge WHERE owner = p_owner;
$$;

-- What could not be relayed. A message is its inbox and position, so none is there twice.
CREATE TABLE wsmigrate_dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inbox text NOT NULL,
    position bigint NOT NULL,
    reason text NOT NULL,
    explanation text NOT NULL,
    room text NOT NULL,
    room_bytes bytea,                     -- the name as it came, where it is no text
    message_id text,
    properties jsonb NOT NULL,
    body bytea,                           -- null: too large to keep, or never read
    size bigint,                          -- of the body, in bytes; null: never read
    published_at double precision,
    came_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    replayed_at timestamptz,
    UNIQUE (inbox, position)
);

-- Messages that an inbox did not keep until they were relayed.
CREATE TABLE wsmigrate_gap (
    inbox text NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (inbox, first_position)
);

-- Server processes that bind rooms, by their heartbeat, and the rooms that each has bound.
CREATE TABLE wsmigrate_binder (
    owner text PRIMARY KEY,               -- also the key of its bindings
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE wsmigrate_bound_room (
    owner text NOT NULL REFERENCES wsmigrate_binder ON DELETE CASCADE,
    room text NOT NULL,
    PRIMARY KEY (owner, room)
);

-- As wsmigrate_append, with the cursors of several inboxes, which move with the row: all or none.
CREATE FUNCTION wsmigrate_append_of_many(
    p_token uuid,
    p_prefix text,
    p_targets text[],
    p_payloads bytea[],
    p_notices text[],
    p_expiry double precision,
    p_inboxes text[],
    p_befores bigint[],
    p_afters bigint[]
) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    log_key text;
BEGIN
    SELECT key INTO STRICT log_key FROM wsmigrate_log;
    PERFORM pg_advisory_xact_lock(hashtextextended('wsmigrate_log ' || log_key, 0));
    IF EXISTS (SELECT FROM wsmigrate_message WHERE token = p_token) THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. cardinality(p_inboxes) LOOP
        IF NOT wsmigrate_move_cursor(p_inboxes[i], p_befores[i], p_afters[i]) THEN
            -- Without messages there is no row that holds the token, so the cursor has to tell.
            IF cardinality(p_targets) > 0 OR NOT EXISTS (
                SELECT FROM wsmigrate_cursor
                    WHERE inbox = p_inboxes[i] AND "offset" = p_afters[i]
            ) THEN
                RAISE EXCEPTION 'the cursor of % is not at %', p_inboxes[i], p_befores[i]
                    USING ERRCODE = 'WS001';
            END IF;
        END IF;
    END LOOP;
    RETURN wsmigrate_append(p_token, p_prefix, p_targets, p_payloads, p_notices, p_expiry);
END $$;
