"""Error codes: AWS's by meaning, and those that sso-batch adds. Both have the same form."""

THROTTLES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
TRANSIENT = frozenset(
    {
        "RequestTimeout",
        "RequestTimeoutException",
        "ConcurrentModificationException",
        "IDPCommunicationError",  # STS could not reach the identity provider of a web identity
        "BadDigest",  # S3 received something else than was sent
        "XAmzContentChecksumMismatch",
    }
)
DENIED = frozenset(
    {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnauthorizedException"}
)
EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired"})
UNKNOWN_CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
    }
)
NOT_FOUND = frozenset({"ResourceNotFoundException", "NoSuchEntity"})

UNREACHABLE = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"}
)
"""Names of botocore's exceptions that mean that no endpoint answered."""

STS_OFF_IN_REGION = frozenset(
    {
        "RegionDisabledException",
        "InvalidClientTokenId",  # STS's answer to keys of an account in which its Region is not enabled
        "UnrecognizedClientException",
        "InvalidIdentityToken",  # and to web identities, whose provider it does not know there
    }
)
"""STS's codes after which another Region may accept the same credentials."""

KMS_PREFIX = "KMS"
"""How the codes of AWS KMS start, whichever service passes them on."""

# Of Amazon S3. A code that is a number is the HTTP status of an answer without a body.
OBJECT_EXISTS = frozenset({"PreconditionFailed", "412"})
OBJECT_MISSING = frozenset({"NoSuchKey", "NotFound", "404"})
WRITE_CONFLICT = frozenset({"ConditionalRequestConflict", "OperationAborted"})
"""Another writer used the same key at that moment; S3 asks to repeat the whole upload."""
UPLOAD_MISSING = frozenset({"NoSuchUpload"})
CONDITION_UNSUPPORTED = frozenset({"NotImplemented", "501"})
RANGE_PAST_END = frozenset({"InvalidRange", "416"})
WRONG_REGION = frozenset(
    {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)

# Of sso-batch, about an answer.
MALFORMED = "MalformedAnswer"
LIST_LEFT_OUT = "ListLeftOut"
CONTRADICTION = "ContradictoryAnswer"
ENDLESS_LISTING = "EndlessListing"
DEADLINE = "DeadlineExceeded"
NO_ANSWER = "NoAnswer"
INTERRUPTED = "Interrupted"
TOO_MANY_OPEN_FILES = "TooManyOpenFiles"

# Of sso-batch, about credentials and settings.
LOGIN_EXPIRED = "LoginExpired"
NO_CREDENTIALS = "NoCredentials"
CREDENTIALS_EXPIRED = "CredentialsExpired"
CREDENTIALS_TIMEOUT = "CredentialsTimeout"
CREDENTIALS_UNAVAILABLE = "CredentialsUnavailable"
UNUSABLE_CREDENTIALS = "UnusableCredentials"
UNUSABLE_SETTINGS = "UnusableSettings"
CACHE_NOT_WRITABLE = "CacheNotWritable"
PROFILE_NOT_FOUND = "ProfileNotFound"
MFA_REQUIRED = "MfaRequired"
UNREADABLE_AWS_FILE = "UnreadableAwsFile"
INVALID_CA_BUNDLE = "InvalidCaBundle"
INVALID_ENDPOINT = "InvalidEndpoint"
