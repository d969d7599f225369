-- How many findings each run has. A run without findings is counted with zero. A run whose shards were not merged has no
-- file of findings, and therefore no row.
CREATE OR REPLACE VIEW sso_batch.findings_by_night AS
SELECT
  run,
  regexp_extract("$path", '_(\d{8}_\d{6})_findings(_INCOMPLETE)?\.csv$', 1) AS started,
  NOT regexp_like("$path", '_INCOMPLETE\.csv$') AS complete,
  count_if(Severity = 'high' AND Waived = 'no') AS high,
  count_if(Severity = 'medium' AND Waived = 'no') AS medium,
  count_if(Severity = 'low' AND Waived = 'no') AS low,
  count_if(Waived = 'yes') AS waived
FROM sso_batch.findings_files
WHERE regexp_like("$path", '_findings(_INCOMPLETE)?\.csv$')
GROUP BY run, "$path"
