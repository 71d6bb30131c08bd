DROP FUNCTION IF EXISTS wsmigrate_publish(text, text, text, text, text);
DROP FUNCTION IF EXISTS wsmigrate_group_of_room(text);
DROP FUNCTION IF EXISTS wsmigrate_group_send(text, json, text);
DROP TABLE IF EXISTS wsmigrate_pending;
DROP FUNCTION IF EXISTS wsmigrate_commit_pending();
DROP FUNCTION IF EXISTS wsmigrate_clean(
    text, double precision, double precision, double precision, integer
);
DROP FUNCTION IF EXISTS wsmigrate_heartbeat(text, text, bigint, text, integer);
DROP FUNCTION IF EXISTS wsmigrate_flush(uuid, text);
DROP FUNCTION IF EXISTS wsmigrate_append(
    uuid, text, text[], bytea[], text[], double precision, text, bigint, bigint
);
DROP FUNCTION IF EXISTS wsmigrate_queue(text, text[], bytea[], double precision);
DROP FUNCTION IF EXISTS wsmigrate_move_cursor(text, bigint, bigint);
DROP TABLE IF EXISTS
    wsmigrate_reader, wsmigrate_member, wsmigrate_queued, wsmigrate_horizon, wsmigrate_message,
    wsmigrate_log;
DROP SEQUENCE IF EXISTS wsmigrate_message_id;
