-- The state of a cutover. Publishers, servers and bridges follow it (wsmigrate_follow); one operator
-- at a time changes it (wsmigrate_save), which writes the audit log in the same transaction.
--
-- Processes of different versions share these tables: columns and keys are only ever added, and
-- whoever does not know one leaves it alone.

CREATE TABLE wsmigrate_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL DEFAULT 1,   -- rises with each change that processes have to apply
    stage text NOT NULL DEFAULT 'legacy',
    backend text NOT NULL DEFAULT 'rabbitmq',
    binds boolean NOT NULL DEFAULT true,  -- whether servers bind their rooms in RabbitMQ
    -- The revision of the last switch from both to channels. Until its marker has come out of an
    -- inbox, servers hold what was published straight to the layer from that revision on.
    barrier bigint NOT NULL DEFAULT 0,
    barrier_out boolean NOT NULL DEFAULT true,
    machine jsonb NOT NULL DEFAULT '{}',  -- wsmigrate/cutover_record.py
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO wsmigrate_state DEFAULT VALUES;

-- Live processes, by their heartbeat.
CREATE TABLE wsmigrate_process (
    owner text PRIMARY KEY,
    role text NOT NULL,                   -- publisher or server
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    applied bigint NOT NULL,              -- the oldest revision that it still acts on
    facts jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The lock of the operators. The fence rises with each holder.
CREATE TABLE wsmigrate_operator (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fence bigint NOT NULL DEFAULT 0,
    holder text,                          -- null: nobody
    who text NOT NULL DEFAULT '',
    host text NOT NULL DEFAULT '',
    process text NOT NULL DEFAULT '',     -- its id on that host, with the time of its start
    doing text NOT NULL DEFAULT '',
    wish text NOT NULL DEFAULT '',        -- what others ask of the holder: pause or abort
    wished_by text NOT NULL DEFAULT '',
    taken_at timestamptz,
    seen_at timestamptz
);
INSERT INTO wsmigrate_operator DEFAULT VALUES;

CREATE TABLE wsmigrate_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL,
    host text NOT NULL,
    version text NOT NULL,
    fence bigint NOT NULL,
    event text NOT NULL,
    stage_from text NOT NULL,
    stage_to text NOT NULL,
    command text NOT NULL DEFAULT '',
    outcome text NOT NULL DEFAULT '',
    why text NOT NULL DEFAULT '',
    gates jsonb NOT NULL DEFAULT '[]',
    revision bigint NOT NULL
);

CREATE FUNCTION wsmigrate_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log of wsmigrate is append-only: % is refused', TG_OP
        USING ERRCODE = '42501';
END $$;

CREATE TRIGGER wsmigrate_audit_rows BEFORE UPDATE OR DELETE ON wsmigrate_audit
    FOR EACH ROW EXECUTE FUNCTION wsmigrate_audit_refuse();
CREATE TRIGGER wsmigrate_audit_table BEFORE TRUNCATE ON wsmigrate_audit
    FOR EACH STATEMENT EXECUTE FUNCTION wsmigrate_audit_refuse();

-- Say that a process lives and which revision it applies; the state in return. One that says so for
-- the first time (p_applied is null) applies the revision that it is given.
--
-- The lock is shared among processes and excludes wsmigrate_save: whoever changes the state finds
-- every process that was given the state before it in the table.
CREATE FUNCTION wsmigrate_follow(
    p_owner text, p_role text, p_host text, p_pid integer, p_version text,
    p_applied bigint, p_facts json,
    OUT revision bigint, OUT stage text, OUT backend text, OUT binds boolean,
    OUT barrier bigint, OUT barrier_out boolean
) LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('wsmigrate_state', 0));
    SELECT s.revision, s.stage, s.backend, s.binds, s.barrier, s.barrier_out
        INTO STRICT revision, stage, backend, binds, barrier, barrier_out
        FROM wsmigrate_state AS s;
    INSERT INTO wsmigrate_process AS p (owner, role, host, pid, version, applied, facts)
        VALUES (p_owner, p_role, p_host, p_pid, p_version, coalesce(p_applied, revision),
                p_facts::jsonb)
        ON CONFLICT (owner) DO UPDATE SET
            applied = coalesce(p_applied, p.applied), facts = EXCLUDED.facts,
            version = EXCLUDED.version, seen_at = clock_timestamp();
END $$;

CREATE FUNCTION wsmigrate_process_ended(p_owner text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM wsmigrate_process WHERE owner = p_owner;
$$;

-- Take the operators' lock if nobody has it, or if its holder was not heard of for p_stale_after
-- seconds, or if it is p_dead (the caller has seen that this process is gone). The fence; null if
-- somebody else has it.
CREATE FUNCTION wsmigrate_take_lock(
    p_holder text, p_who text, p_host text, p_process text, p_doing text,
    p_stale_after double precision, p_dead text DEFAULT NULL
) RETURNS bigint LANGUAGE sql AS $$
    UPDATE wsmigrate_operator SET
        fence = fence + 1, holder = p_holder, who = p_who, host = p_host, process = p_process,
        doing = p_doing, wish = '', taken_at = clock_timestamp(), seen_at = clock_timestamp()
    WHERE holder IS NULL OR holder = p_dead
        OR seen_at < clock_timestamp() - make_interval(secs => p_stale_after)
    RETURNING fence;
$$;

-- Say that the holder lives; what others wish of him. Null: the lock is not the caller's any more.
CREATE FUNCTION wsmigrate_keep_lock(p_fence bigint) RETURNS text LANGUAGE sql AS $$
    UPDATE wsmigrate_operator SET seen_at = clock_timestamp()
        WHERE fence = p_fence AND holder IS NOT NULL
        RETURNING wish;
$$;

CREATE FUNCTION wsmigrate_give_lock_back(p_fence bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE wsmigrate_operator SET holder = NULL WHERE fence = p_fence;
$$;

-- Change the state and write it into the audit log, if the lock is the caller's. What is null stays
-- as it is; p_barrier: true begins one with the new revision, false ends it. The new revision.
CREATE FUNCTION wsmigrate_save(
    p_fence bigint, p_machine json, p_stage text, p_backend text, p_binds boolean,
    p_barrier boolean, p_audit json
) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
DECLARE
    before wsmigrate_state;
    holding wsmigrate_operator;
    new_revision bigint;
BEGIN
    SELECT * INTO STRICT holding FROM wsmigrate_operator FOR UPDATE;
    IF holding.fence <> p_fence OR holding.holder IS NULL THEN
        RAISE EXCEPTION 'the lock is not the caller''s any more: fence % and not %',
            holding.fence, p_fence USING ERRCODE = 'WS002';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('wsmigrate_state', 0));
    SELECT * INTO STRICT before FROM wsmigrate_state;
    IF (before.backend = 'rabbitmq' AND p_backend = 'channels')
            OR (before.backend = 'channels' AND p_backend = 'rabbitmq') THEN
        RAISE EXCEPTION 'from % to % there is no way but by both', before.backend, p_backend
            USING ERRCODE = 'WS003';
    END IF;
    new_revision := before.revision + CASE
        WHEN p_backend IS NULL AND p_binds IS NULL AND p_barrier IS NULL THEN 0 ELSE 1 END;
    UPDATE wsmigrate_state SET
        revision = new_revision,
        stage = coalesce(p_stage, before.stage),
        backend = coalesce(p_backend, before.backend),
        binds = coalesce(p_binds, before.binds),
        barrier = CASE WHEN p_barrier THEN new_revision ELSE before.barrier END,
        barrier_out = coalesce(NOT p_barrier, before.barrier_out),
        machine = coalesce(p_machine::jsonb, before.machine),
        changed_at = clock_timestamp();
    INSERT INTO wsmigrate_audit (
        who, host, version, fence, event, stage_from, stage_to, command, outcome, why, gates, revision
    ) SELECT holding.who, holding.host, coalesce(a.version, ''), p_fence, a.event, before.stage,
        coalesce(p_stage, before.stage), coalesce(a.command, ''), coalesce(a.outcome, ''),
        coalesce(a.why, ''), coalesce(a.gates, '[]'), new_revision
    FROM json_to_record(p_audit)
        AS a(version text, event text, command text, outcome text, why text, gates jsonb);
    RETURN new_revision;
END $$;

-- Rooms that a server has ever bound: their exchanges are removed when the cutover is retired.
CREATE TABLE wsmigrate_exchange (room text PRIMARY KEY);
INSERT INTO wsmigrate_exchange SELECT DISTINCT room FROM wsmigrate_bound_room;

CREATE FUNCTION wsmigrate_note_exchanges() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wsmigrate_exchange SELECT DISTINCT room FROM added ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER wsmigrate_bound_room_noted AFTER INSERT ON wsmigrate_bound_room
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION wsmigrate_note_exchanges();
