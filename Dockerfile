# A release build names its base by digest: --build-arg BASE_IMAGE=python:3.13-slim@sha256:...
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# pip and setuptools stay in /build; what the last stage takes over is /opt/sso-batch alone.
COPY requirements-build.txt requirements.txt ./
RUN python -m venv /build \
    && /build/bin/pip install --require-hashes -r requirements-build.txt \
    && python -m venv --without-pip /opt/sso-batch \
    && /build/bin/pip --python /opt/sso-batch/bin/python install --no-compile --require-hashes -r requirements.txt

# Compiled here, since the root file system may be read-only there; "unchecked" because file times
# may change on the way and the sources do not.
COPY pyproject.toml README.md LICENSE ./
COPY sso_batch sso_batch
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/sso-batch/bin/python install --no-compile --no-deps /wheels/*.whl \
    && /opt/sso-batch/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/sso-batch/lib


FROM ${BASE_IMAGE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="sso-batch" \
      org.opencontainers.image.description="Audits AWS IAM Identity Center in many organizations" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Nothing is installed from here on, so the base image's own pip goes too. /reports can be written by
# whatever user the container is given, and a new volume mounted there inherits that. It is declared no
# volume: an engine would then make one that nobody sees again, where a missing mount has to be an error.
RUN find / -xdev \( -name pip -o -name 'pip-*' -o -name 'pip3*' -o -name ensurepip -o -name python-wheels \) \
         -not -path '/proc/*' -prune -exec rm -rf {} + \
    && mkdir -p /home/sso-batch \
    && install -d -o 10001 -g 10001 -m 1777 /reports

COPY --from=builder /opt/sso-batch /opt/sso-batch

# Named because no user of this image has an entry in /etc/passwd: ~/.aws is /home/sso-batch/.aws.
ENV HOME=/home/sso-batch \
    PATH=/opt/sso-batch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# A relative output directory, such as the example's "reports", is /reports.
WORKDIR /
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["sso-batch"]
