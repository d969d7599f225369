-- Every finding of every run. If `complete` is false, some organization was not read completely, and findings can be missing.
CREATE OR REPLACE VIEW sso_batch.findings AS
SELECT
  run,
  regexp_extract("$path", '_(\d{8}_\d{6})_findings(_INCOMPLETE)?\.csv$', 1) AS started,
  NOT regexp_like("$path", '_INCOMPLETE\.csv$') AS complete,
  Severity,
  "Check",
  Organization,
  Message,
  UserEmail,
  UserName,
  UserId,
  GroupName,
  PrincipalType,
  PrincipalId,
  AccountId,
  AccountName,
  PermissionSet,
  RoleArn,
  Cause,
  Waived,
  WaivedUntil,
  WaiverReason
FROM sso_batch.findings_files
WHERE regexp_like("$path", '_findings(_INCOMPLETE)?\.csv$') AND Severity <> 'Severity'
