-- The message log of the PostgreSQL channel layer (channels_ws.layers). PostgreSQL 13 or newer.
--
-- Every send is a row of wsmigrate_message. Rows become visible in the order of their ids, because
-- whoever adds one holds a lock from before the id is given until after the commit. So a process
-- that remembers one number, the last id that it has seen, can catch up with all it has missed.

CREATE TABLE wsmigrate_log (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Names the log: of its notifications, its lock, and in a reader's memory. Another key means
    -- another log, where old positions mean nothing.
    key text NOT NULL,
    -- Layers (by prefix) that encrypt: what comes by the SQL functions would not be encrypted.
    encrypted_prefixes text[] NOT NULL DEFAULT '{}'
);
INSERT INTO wsmigrate_log (key) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 16));

CREATE SEQUENCE wsmigrate_message_id;

CREATE TABLE wsmigrate_message (
    id bigint PRIMARY KEY,
    token uuid NOT NULL UNIQUE,      -- a batch that is sent again after a lost answer is not doubled
    prefix text NOT NULL,
    targets text[] NOT NULL,         -- see channels_ws/layers/entries.py
    payloads bytea[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Not compressed: that took up to half of the time of an append, and rows live for minutes.
ALTER TABLE wsmigrate_message ALTER COLUMN payloads SET STORAGE EXTERNAL;

-- Up to which id rows have been deleted: a reader that stands before it has a gap.
CREATE TABLE wsmigrate_horizon (
    prefix text PRIMARY KEY,
    deleted_to bigint NOT NULL
);

-- Messages on ordinary channels, of which any one receiver takes each.
CREATE TABLE wsmigrate_queued (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix text NOT NULL,
    channel text NOT NULL,
    payload bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX wsmigrate_queued_channel ON wsmigrate_queued (prefix, channel, id);

-- Members of groups that their own process does not know of by itself: ordinary channels (owner
-- is empty), and channels of another process than the one that added them.
CREATE TABLE wsmigrate_member (
    prefix text NOT NULL,
    group_name text NOT NULL,
    channel text NOT NULL,
    owner text NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (prefix, group_name, channel)
);
CREATE INDEX wsmigrate_member_owner ON wsmigrate_member (owner);

-- Processes that read the log, by their heartbeat.
CREATE TABLE wsmigrate_reader (
    owner text PRIMARY KEY,
    prefix text NOT NULL,
    position bigint NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- What a transaction has published by the SQL functions, until it commits. Always empty for others.
CREATE TABLE wsmigrate_pending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix text NOT NULL,
    target text NOT NULL,
    payload bytea NOT NULL
);

-- Append one row to the log, with all that belongs to it; its id, or null if the token is there
-- already. The lock is held until the end of the transaction, so nothing slow may follow.
CREATE FUNCTION wsmigrate_append(
    p_token uuid,
    p_prefix text,
    p_targets text[],
    p_payloads bytea[],
    p_notices text[],
    p_expiry double precision,
    p_inbox text DEFAULT NULL,
    p_before bigint DEFAULT NULL,
    p_after bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    log_key text;
    new_id bigint;
    woken text;
    head text;
BEGIN
    SELECT key INTO STRICT log_key FROM wsmigrate_log;
    PERFORM pg_advisory_xact_lock(hashtextextended('wsmigrate_log ' || log_key, 0));
    IF EXISTS (SELECT FROM wsmigrate_message WHERE token = p_token) THEN
        RETURN NULL;
    END IF;
    IF p_inbox IS NOT NULL AND NOT wsmigrate_move_cursor(p_inbox, p_before, p_after) THEN
        -- Without messages there is no row that holds the token, so the cursor has to tell.
        IF cardinality(p_targets) > 0 OR NOT EXISTS (
            SELECT FROM wsmigrate_cursor WHERE inbox = p_inbox AND "offset" = p_after
        ) THEN
            RAISE EXCEPTION 'the cursor of % is not at %', p_inbox, p_before
                USING ERRCODE = 'WS001';
        END IF;
    END IF;
    IF cardinality(p_targets) = 0 THEN
        RETURN 0;
    END IF;
    new_id := nextval('wsmigrate_message_id');
    INSERT INTO wsmigrate_message (id, token, prefix, targets, payloads)
        VALUES (new_id, p_token, p_prefix, p_targets, p_payloads);
    -- Most sites have neither ordinary channels nor ordinary members of groups.
    IF EXISTS (SELECT FROM unnest(p_targets) AS t(target) WHERE target LIKE 'q%')
            OR EXISTS (SELECT FROM wsmigrate_member WHERE prefix = p_prefix AND owner = '') THEN
        FOR woken IN SELECT wsmigrate_queue(p_prefix, p_targets, p_payloads, p_expiry) LOOP
            PERFORM pg_notify('wsmigrate_' || log_key, '0 ' || p_prefix || ' w' || woken);
        END LOOP;
    END IF;
    head := new_id || ' ' || p_prefix || ' ';
    -- With numbers, since PostgreSQL delivers one of several equal notifications of a transaction.
    FOR i IN 1 .. cardinality(p_notices) - 1 LOOP
        PERFORM pg_notify('wsmigrate_' || log_key, i || '+' || head || p_notices[i]);
    END LOOP;
    PERFORM pg_notify('wsmigrate_' || log_key, head || p_notices[cardinality(p_notices)]);
    RETURN new_id;
END $$;

-- Put what is for ordinary channels into their queue; the channels, once each.
CREATE FUNCTION wsmigrate_queue(
    p_prefix text, p_targets text[], p_payloads bytea[], p_expiry double precision
) RETURNS SETOF text LANGUAGE sql AS $$
    WITH entry AS (
        SELECT t.target, t.payload, t.ordinality
            FROM unnest(p_targets, p_payloads) WITH ORDINALITY AS t(target, payload, ordinality)
    ), queued AS (
        INSERT INTO wsmigrate_queued (prefix, channel, payload, expires_at)
        SELECT p_prefix, found.channel, found.payload,
               clock_timestamp() + make_interval(secs => p_expiry)
        FROM (
            SELECT substr(target, 2) AS channel, payload, ordinality
                FROM entry WHERE target LIKE 'q%'
            UNION ALL
            SELECT member.channel, entry.payload, entry.ordinality
                FROM entry JOIN wsmigrate_member AS member
                ON member.prefix = p_prefix AND member.owner = ''
                AND member.group_name = substr(entry.target, 2)
                AND (member.expires_at IS NULL OR member.expires_at > now())
                WHERE entry.target LIKE 'g%'
        ) AS found
        ORDER BY found.ordinality
        RETURNING channel
    )
    SELECT DISTINCT channel FROM queued
$$;

-- Move the cursor of an inbox by compare-and-set; whether it was where the caller believed.
CREATE FUNCTION wsmigrate_move_cursor(p_inbox text, p_before bigint, p_after bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_before IS NULL THEN
        INSERT INTO wsmigrate_cursor (inbox, "offset", moved_at)
            VALUES (p_inbox, p_after, now()) ON CONFLICT (inbox) DO NOTHING;
    ELSE
        UPDATE wsmigrate_cursor SET "offset" = p_after, moved_at = now()
            WHERE inbox = p_inbox AND "offset" = p_before;
    END IF;
    RETURN FOUND;
END $$;

-- Forget all messages and groups of a layer. Readers learn of it in its place in the log.
CREATE FUNCTION wsmigrate_flush(p_token uuid, p_prefix text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    flushed_to bigint;
BEGIN
    flushed_to := wsmigrate_append(p_token, p_prefix, ARRAY['f'], ARRAY[''::bytea], ARRAY['f'], 0);
    DELETE FROM wsmigrate_queued WHERE prefix = p_prefix;
    DELETE FROM wsmigrate_member WHERE prefix = p_prefix;
    RETURN flushed_to;
END $$;

-- Say that a reader lives and where it stands; what it has to know of the log in return.
CREATE FUNCTION wsmigrate_heartbeat(
    p_owner text, p_prefix text, p_position bigint, p_host text, p_pid integer,
    OUT log_key text, OUT head bigint, OUT deleted_to bigint
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT key INTO STRICT log_key FROM wsmigrate_log;
    SELECT coalesce((SELECT h.deleted_to FROM wsmigrate_horizon AS h WHERE h.prefix = p_prefix), 0)
        INTO deleted_to;
    SELECT greatest(
            coalesce((SELECT max(id) FROM wsmigrate_message), 0),
            coalesce((SELECT max(h.deleted_to) FROM wsmigrate_horizon AS h), 0)
        ) INTO head;
    INSERT INTO wsmigrate_reader AS r (owner, prefix, position, host, pid)
        VALUES (p_owner, p_prefix, coalesce(p_position, head), p_host, p_pid)
        ON CONFLICT (owner) DO UPDATE SET position = EXCLUDED.position, seen_at = now();
END $$;

-- Delete what nobody needs any more, up to p_limit rows of the log; how many of these there were.
-- Times are in seconds. A reader that was not heard of for p_dead_after is dead; the time that
-- PostgreSQL was down does not count.
CREATE FUNCTION wsmigrate_clean(
    p_prefix text, p_dead_after double precision,
    p_retention double precision, p_retention_of_late_readers double precision, p_limit integer
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    up_since timestamptz := pg_postmaster_start_time();
    needed_from bigint;
    last_deleted bigint;
    how_many bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('wsmigrate_clean', 0)) THEN
        RETURN 0;
    END IF;
    WITH dead AS (
        DELETE FROM wsmigrate_reader
            WHERE greatest(seen_at, up_since) < clock_timestamp() - make_interval(secs => p_dead_after)
            RETURNING owner
    )
    DELETE FROM wsmigrate_member USING dead WHERE wsmigrate_member.owner = dead.owner;
    DELETE FROM wsmigrate_member WHERE expires_at < now();
    DELETE FROM wsmigrate_queued WHERE expires_at < now();
    SELECT coalesce(min(position), 9223372036854775807) INTO needed_from
        FROM wsmigrate_reader WHERE prefix = p_prefix;
    WITH oldest AS (
        SELECT id FROM wsmigrate_message
            WHERE prefix = p_prefix AND (
                (id <= needed_from
                    AND created_at < clock_timestamp() - make_interval(secs => p_retention))
                OR created_at < clock_timestamp() - make_interval(secs => p_retention_of_late_readers)
            )
            ORDER BY id LIMIT p_limit
    ), deleted AS (
        DELETE FROM wsmigrate_message USING oldest WHERE wsmigrate_message.id = oldest.id
            RETURNING wsmigrate_message.id
    )
    SELECT max(id), count(*) INTO last_deleted, how_many FROM deleted;
    IF last_deleted IS NOT NULL THEN
        INSERT INTO wsmigrate_horizon AS h (prefix, deleted_to) VALUES (p_prefix, last_deleted)
            ON CONFLICT (prefix)
            DO UPDATE SET deleted_to = greatest(h.deleted_to, EXCLUDED.deleted_to);
    END IF;
    RETURN how_many;
END $$;

-- Send an event to a group, when the transaction commits: any language and any environment can.
-- The caller's transaction may be long: ids and lock are taken in its very last moment.
CREATE FUNCTION wsmigrate_group_send(p_group text, p_event json, p_prefix text DEFAULT 'asgi')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_group IS NULL OR p_group !~ '^[A-Za-z0-9._-]{1,99}$' THEN
        RAISE EXCEPTION 'not a name of a group: %', left(p_group, 120) USING ERRCODE = '22023';
    END IF;
    IF p_event IS NULL OR json_typeof(p_event) <> 'object' OR p_event ->> 'type' IS NULL THEN
        RAISE EXCEPTION 'an event is a JSON object with a "type"' USING ERRCODE = '22023';
    END IF;
    IF EXISTS (SELECT FROM wsmigrate_log WHERE p_prefix = ANY (encrypted_prefixes)) THEN
        RAISE EXCEPTION 'this layer encrypts its messages, which SQL functions cannot'
            USING ERRCODE = '55000', HINT = 'Publish through the channel layer.';
    END IF;
    INSERT INTO wsmigrate_pending (prefix, target, payload)
        VALUES (p_prefix, 'g' || p_group, convert_to(ltrim(p_event::text), 'UTF8'));
END $$;

CREATE FUNCTION wsmigrate_commit_pending() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    item text := NEW.target || ' ' || replace(encode(NEW.payload, 'base64'), E'\n', '');
BEGIN
    DELETE FROM wsmigrate_pending WHERE id = NEW.id;
    IF octet_length(item) > 7700 THEN
        item := NEW.target;
    END IF;
    PERFORM wsmigrate_append(
        gen_random_uuid(), NEW.prefix, ARRAY[NEW.target], ARRAY[NEW.payload], ARRAY[item], 60
    );
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER wsmigrate_pending_commit AFTER INSERT ON wsmigrate_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wsmigrate_commit_pending();

-- The group of a room, as wsmigrate/rooms.py has it.
CREATE FUNCTION wsmigrate_group_of_room(p_room text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    digest bytea;
    digit integer;
    place integer;
    name text := 'x-';
BEGIN
    IF p_room ~ '^[A-Za-z0-9._-]{1,88}$' AND p_room !~ '^x-[a-z2-7]{52}$' THEN
        RETURN p_room;
    END IF;
    digest := sha256(convert_to(p_room, 'UTF8'));
    FOR i IN 0..51 LOOP
        digit := 0;
        FOR j IN 0..4 LOOP
            place := i * 5 + j;
            digit := digit * 2;
            IF place < 256 THEN
                digit := digit + get_bit(digest, (place / 8) * 8 + 7 - place % 8);
            END IF;
        END LOOP;
        name := name || substr('abcdefghijklmnopqrstuvwxyz234567', digit + 1, 1);
    END LOOP;
    RETURN name;
END $$;

-- Publish a text to a room: what notify() does with the backend "channels". The text is the payload
-- of the frame, to the letter. Goes out when the transaction commits.
CREATE FUNCTION wsmigrate_publish(
    p_room text,
    p_text text,
    p_id text DEFAULT NULL,
    p_event_name text DEFAULT 'notifs_websocket_message',
    p_prefix text DEFAULT 'asgi'
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message_id text := coalesce(p_id, replace(gen_random_uuid()::text, '-', ''));
BEGIN
    IF p_room IS NULL OR p_room = '' OR p_room LIKE 'amq.%' OR p_room ~ E'[/\r\n]'
            OR octet_length(convert_to(p_room, 'UTF8')) > 255 THEN
        RAISE EXCEPTION 'not a room: %', left(p_room, 60) USING ERRCODE = '22023';
    END IF;
    IF p_text IS NULL THEN
        RAISE EXCEPTION 'a message has a text' USING ERRCODE = '22004';
    END IF;
    PERFORM wsmigrate_group_send(
        wsmigrate_group_of_room(p_room),
        json_build_object(
            'type', p_event_name, 'message', p_text, 'id', message_id, 'room', p_room,
            'via', 'channels', 'published_at', extract(epoch FROM clock_timestamp())
        ),
        p_prefix
    );
    RETURN message_id;
END $$;
