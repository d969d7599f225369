-- Every line of every file of a run, as Athena reads it. Query the views, not this table: the findings are in one file
-- next to many others, and Athena cannot exclude files of a location.
CREATE EXTERNAL TABLE IF NOT EXISTS sso_batch.findings_files (
  `Severity` string,
  `Check` string,
  `Organization` string,
  `Message` string,
  `UserEmail` string,
  `UserName` string,
  `UserId` string,
  `GroupName` string,
  `PrincipalType` string,
  `PrincipalId` string,
  `AccountId` string,
  `AccountName` string,
  `PermissionSet` string,
  `RoleArn` string,
  `Cause` string,
  `Waived` string,
  `WaivedUntil` string,
  `WaiverReason` string
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
  'storage.location.template' = 's3://BUCKET/PREFIX/${run}/'
)
