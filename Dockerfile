# Two stages: what installs stays behind, what serves has no compiler, no package cache and no root.
# Both stages use the same Python, at the same path: the virtual environment points to it.
# A release pins the base by digest: --build-arg PYTHON_IMAGE=python@sha256:…
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /build \
    && /build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --require-hashes --only-binary :all: -r requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY judge_service/ judge_service/
COPY calibration/judge_calibration/ calibration/judge_calibration/
RUN /build/bin/python -m hatchling build -t wheel -d /dist \
    && /venv/bin/pip install --no-deps --no-index /dist/*.whl \
    && /venv/bin/python -m pip uninstall --yes pip setuptools
# The final stage runs nothing while it is built: the store's folder is made here and copied with its owner.
RUN mkdir /store

FROM ${PYTHON_IMAGE} AS service
LABEL org.opencontainers.image.title="Judge Service" \
      org.opencontainers.image.description="A scoring service around a judge LLM for medical AI" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    JUDGE_SERVICE_RUBRICS_DIR=/app/rubrics \
    JUDGE_SERVICE_CALIBRATION_MAPS_DIR=/app/calibration/maps \
    JUDGE_SERVICE_STORE_URL=file:///var/lib/judge-service

COPY --from=builder /venv /venv
COPY --from=builder --chown=65532:65532 /store /var/lib/judge-service
COPY rubrics/ /app/rubrics/
COPY calibration/maps/ /app/calibration/maps/

WORKDIR /app
USER 65532:65532
VOLUME ["/var/lib/judge-service"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# Straight to the loopback, whatever proxy the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8080/livez', timeout=2)"]
CMD ["judge-service", "serve", "--host", "0.0.0.0", "--port", "8080"]
