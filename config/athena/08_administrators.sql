-- Who has or may have every permission in an account. NOT_READ is not a level: these rows belong to the answer until their
-- policies were read.
CREATE OR REPLACE VIEW sso_batch.administrators AS
SELECT Organization, AccountId, AccountName, UserEmail, UserName, GroupName, PermissionSet, RoleArn, Privilege, PrincipalState, started
FROM sso_batch.latest_access
WHERE Privilege IN ('ADMINISTRATOR', 'NOT_READ')
  AND PrincipalState NOT IN ('EMPTY_GROUP', 'NOT_FOUND', 'MEMBER_NOT_FOUND')
