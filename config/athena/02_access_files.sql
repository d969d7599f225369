-- Every line of every file of the organizations, as Athena reads it. Query the views, not this table: it also has the
-- headers, which name the attributes of collect.people in each file, and the lines of the snapshots. Athena cannot
-- exclude files of a location.
-- The escape character is one that no file has. The default, a backslash, would be lost from paths and logins.
CREATE EXTERNAL TABLE IF NOT EXISTS sso_batch.access_files (
  `UserEmail` string,
  `UserName` string,
  `AccountId` string,
  `AccountName` string,
  `PermissionSet` string,
  `PrincipalType` string,
  `PrincipalId` string,
  `Organization` string,
  `UserId` string,
  `UserLogin` string,
  `UserStatus` string,
  `GroupName` string,
  `PrincipalState` string,
  `AccountState` string,
  `AccountPath` string,
  `AccessType` string,
  `PermissionSetArn` string,
  `RoleArn` string,
  `SessionDuration` string,
  `ManagedPolicies` string,
  `CustomerManagedPolicies` string,
  `InlinePolicy` string,
  `PermissionsBoundary` string,
  `Privilege` string,
  `PrivilegeReason` string,
  `PrivilegeUnread` string,
  `AssignedAt` string,
  `AssignedBy` string,
  `MemberSince` string,
  `MemberAddedBy` string,
  `FirstSeen` string,
  `LastSignIn` string,
  `Attribute1` string,
  `Attribute2` string,
  `Attribute3` string,
  `Attribute4` string,
  `Attribute5` string,
  `Attribute6` string,
  `Attribute7` string
)
PARTITIONED BY (`run` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\u0001')
STORED AS TEXTFILE
LOCATION 's3://BUCKET/PREFIX/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.run.type' = 'date',
  'projection.run.format' = 'yyyyMMdd',
  'projection.run.range' = '20260101,NOW+1DAYS',
  'storage.location.template' = 's3://BUCKET/PREFIX/${run}/organizations/'
)
