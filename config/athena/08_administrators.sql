-- Who has, or could have, every permission in an account. NOT_READ is not a level, and a level can be higher where a policy
-- was not read: these rows belong to the answer.
CREATE OR REPLACE VIEW sso_batch.administrators AS
SELECT
  Organization,
  AccountId,
  AccountName,
  UserEmail,
  UserName,
  GroupName,
  PermissionSet,
  RoleArn,
  Privilege,
  PrivilegeUnread,
  PrincipalState,
  started
FROM sso_batch.latest_access
WHERE (Privilege IN ('ADMINISTRATOR', 'NOT_READ') OR PrivilegeUnread <> '')
  AND PrincipalState NOT IN ('EMPTY_GROUP', 'NOT_FOUND', 'MEMBER_NOT_FOUND')
