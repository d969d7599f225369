-- Every row of every access CSV. `complete` says whether the organization was read completely: if not, rows can be missing.
-- An attribute of collect.people is NULL where the run did not report it, and empty where AWS has none.
CREATE OR REPLACE VIEW sso_batch.access AS
SELECT
  night.run,
  night.started,
  night.complete,
  line.UserEmail,
  line.UserName,
  line.AccountId,
  line.AccountName,
  line.PermissionSet,
  line.PrincipalType,
  line.PrincipalId,
  line.Organization,
  line.UserId,
  line.UserLogin,
  line.UserStatus,
  line.GroupName,
  line.PrincipalState,
  line.AccountState,
  line.AccountPath,
  line.AccessType,
  line.PermissionSetArn,
  line.RoleArn,
  line.SessionDuration,
  line.ManagedPolicies,
  line.CustomerManagedPolicies,
  line.InlinePolicy,
  line.PermissionsBoundary,
  line.Privilege,
  line.PrivilegeReason,
  line.PrivilegeUnread,
  line.AssignedAt,
  line.AssignedBy,
  line.MemberSince,
  line.MemberAddedBy,
  line.FirstSeen,
  line.LastSignIn,
  element_at(line.attributes, nullif(array_position(night.attributes, 'Title'), 0)) AS Title,
  element_at(line.attributes, nullif(array_position(night.attributes, 'UserType'), 0)) AS UserType,
  element_at(line.attributes, nullif(array_position(night.attributes, 'Department'), 0)) AS Department,
  element_at(line.attributes, nullif(array_position(night.attributes, 'Division'), 0)) AS Division,
  element_at(line.attributes, nullif(array_position(night.attributes, 'CostCenter'), 0)) AS CostCenter,
  element_at(line.attributes, nullif(array_position(night.attributes, 'EmployeeNumber'), 0)) AS EmployeeNumber,
  element_at(line.attributes, nullif(array_position(night.attributes, 'Manager'), 0)) AS Manager,
  night.path
FROM sso_batch.nights AS night
JOIN (
  SELECT *, ARRAY[Attribute1, Attribute2, Attribute3, Attribute4, Attribute5, Attribute6, Attribute7] AS attributes, "$path" AS path
  FROM sso_batch.access_files
) AS line ON line.path = night.path AND line.run = night.run
WHERE line.AccountId <> 'AccountId'
