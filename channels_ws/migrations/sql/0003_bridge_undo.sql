DROP FUNCTION wsmigrate_append_of_many(
    uuid, text, text[], bytea[], text[], double precision, text[], bigint[], bigint[]
);
DROP TABLE wsmigrate_bound_room;
DROP TABLE wsmigrate_binder;
DROP TABLE wsmigrate_gap;
DROP TABLE wsmigrate_dead_letter;
DROP FUNCTION wsmigrate_leave(text);
DROP FUNCTION wsmigrate_share_out(
    text, text[], text[], double precision, double precision, boolean, text, integer, jsonb
);
DROP TABLE wsmigrate_lease;
DROP TABLE wsmigrate_bridge;
DROP FUNCTION wsmigrate_is_near(timestamptz, interval);
