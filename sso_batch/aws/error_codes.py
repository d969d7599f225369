"""AWS's codes of errors, by what they mean for us."""

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
        "BadDigest",  # what S3 received is not what was sent
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
UNREACHABLE = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"}
)
"""Names of botocore's exceptions where no endpoint answered."""

NOT_FOUND = frozenset({"ResourceNotFoundException"})
