# A release build pins the digest that this tag has then: --build-arg BASE_IMAGE=python:3.13-slim@sha256:...
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS builder
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# pip and setuptools stay in /build; the final stage copies only /opt/sso-batch.
COPY requirements-build.txt requirements.txt ./
RUN python -m venv /build \
    && /build/bin/pip install --require-hashes -r requirements-build.txt \
    && python -m venv --without-pip /opt/sso-batch \
    && /build/bin/pip --python /opt/sso-batch/bin/python install --no-compile --require-hashes -r requirements.txt

# Compile here, because the root file system may be read-only at run time. Use unchecked hashes, because copying
# can change file times, and the sources never change.
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

# Nothing is installed from here on, so remove the base image's pip. Any user can write to /reports, and a new volume
# mounted there inherits that mode. /reports is not declared as a volume, because an engine would then create an
# anonymous one; a missing mount must be an error instead.
RUN find / -xdev \( -name pip -o -name 'pip-*' -o -name 'pip3*' -o -name ensurepip -o -name python-wheels \) \
         -not -path '/proc/*' -prune -exec rm -rf {} + \
    && mkdir -p /home/sso-batch \
    && install -d -o 10001 -g 10001 -m 1777 /reports

COPY --from=builder /opt/sso-batch /opt/sso-batch

# Set HOME, because users of this image have no entry in /etc/passwd: ~/.aws is /home/sso-batch/.aws.
ENV HOME=/home/sso-batch \
    PATH=/opt/sso-batch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# The relative output directory "reports" of the example is /reports.
WORKDIR /
USER 10001:10001
STOPSIGNAL SIGTERM

# An empty volume of a Fargate task belongs to root with mode 0755, unless the image declares its path as a volume: then
# it gets the mode of that path. Source: "Use bind mounts with Amazon ECS" in the Amazon ECS Developer Guide.
VOLUME ["/tmp"]
ENTRYPOINT ["sso-batch"]
