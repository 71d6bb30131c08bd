-- The plan that `wsmigrate run` follows, and where it stands in it (wsmigrate/run_place.py).
CREATE TABLE wsmigrate_run (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    record jsonb NOT NULL DEFAULT '{}',   -- empty: no plan was ever run
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO wsmigrate_run DEFAULT VALUES;

-- The reason that goes with a wish.
ALTER TABLE wsmigrate_operator ADD COLUMN wish_why text NOT NULL DEFAULT '';

-- Write down where the run stands, if the lock is the caller's.
CREATE FUNCTION wsmigrate_save_run(p_fence bigint, p_record json) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM 1 FROM wsmigrate_operator WHERE fence = p_fence AND holder IS NOT NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lock is not the caller''s any more' USING ERRCODE = 'WS002';
    END IF;
    UPDATE wsmigrate_run SET record = p_record::jsonb, changed_at = clock_timestamp();
    RETURN true;
END $$;

-- What others wish of the holder, which is heeded by this and so not told twice.
CREATE FUNCTION wsmigrate_take_wish(
    p_fence bigint, OUT wish text, OUT wished_by text, OUT wish_why text
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT o.wish, o.wished_by, o.wish_why INTO wish, wished_by, wish_why
        FROM wsmigrate_operator AS o WHERE o.fence = p_fence AND o.holder IS NOT NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lock is not the caller''s any more' USING ERRCODE = 'WS002';
    END IF;
    UPDATE wsmigrate_operator AS o SET wish = '', wish_why = '' WHERE o.fence = p_fence;
END $$;
