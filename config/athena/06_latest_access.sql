-- The rows of each organization's newest complete night. Compare `started` between organizations: one that failed since
-- has older rows.
CREATE OR REPLACE VIEW sso_batch.latest_access AS
SELECT access.*
FROM sso_batch.access AS access
JOIN (
  SELECT max_by(path, started) AS path
  FROM sso_batch.nights
  WHERE complete
  GROUP BY Organization
) AS newest ON newest.path = access.path
