-- How old the newest complete answer of each organization is. `current_run` is false if it is not of the newest run, and
-- `newest_complete` is NULL if there is none.
CREATE OR REPLACE VIEW sso_batch.coverage AS
SELECT
  Organization,
  max(started) AS newest,
  max(CASE WHEN complete THEN started END) AS newest_complete,
  coalesce(max(CASE WHEN complete THEN started END) = (SELECT max(started) FROM sso_batch.nights), false) AS current_run
FROM sso_batch.nights
GROUP BY Organization
