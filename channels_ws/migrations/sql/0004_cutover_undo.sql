DROP TRIGGER IF EXISTS wsmigrate_bound_room_noted ON wsmigrate_bound_room;
DROP FUNCTION IF EXISTS wsmigrate_note_exchanges();
DROP TABLE IF EXISTS wsmigrate_exchange;
DROP FUNCTION IF EXISTS wsmigrate_save(bigint, json, text, text, boolean, boolean, json);
DROP FUNCTION IF EXISTS wsmigrate_give_lock_back(bigint);
DROP FUNCTION IF EXISTS wsmigrate_keep_lock(bigint);
DROP FUNCTION IF EXISTS wsmigrate_take_lock(
    text, text, text, text, text, double precision, text
);
DROP FUNCTION IF EXISTS wsmigrate_process_ended(text);
DROP FUNCTION IF EXISTS wsmigrate_follow(text, text, text, integer, text, bigint, json);
DROP TABLE IF EXISTS wsmigrate_audit;
DROP FUNCTION IF EXISTS wsmigrate_audit_refuse();
DROP TABLE IF EXISTS wsmigrate_operator;
DROP TABLE IF EXISTS wsmigrate_process;
DROP TABLE IF EXISTS wsmigrate_state;
