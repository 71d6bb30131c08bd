DROP FUNCTION wsmigrate_take_wish(bigint);
DROP FUNCTION wsmigrate_save_run(bigint, json);
ALTER TABLE wsmigrate_operator DROP COLUMN wish_why;
DROP TABLE wsmigrate_run;
