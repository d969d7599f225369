-- One row for each access CSV that there is, also for one without rows: which organization was read in which run, and
-- whether completely. An organization that failed has no file, and therefore no row.
CREATE OR REPLACE VIEW sso_batch.nights AS
SELECT
  regexp_extract("$path", '/organizations/([^/]+)/[^/]+$', 1) AS Organization,
  run,
  regexp_extract("$path", '_(\d{8}_\d{6})(_INCOMPLETE)?\.csv$', 1) AS started,
  NOT regexp_like("$path", '_INCOMPLETE\.csv$') AS complete,
  ARRAY[Attribute1, Attribute2, Attribute3, Attribute4, Attribute5, Attribute6, Attribute7] AS attributes,
  "$path" AS path
FROM sso_batch.access_files
WHERE AccountId = 'AccountId'
