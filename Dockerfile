# Serves; holds nothing that only training or tests need.
# A tag moves. Who builds for others names the image by its digest, which the registry tells:
#   docker build --build-arg BASE=debian:bookworm-slim@sha256:... -t stream-verifier .
ARG BASE=debian:bookworm-slim
FROM ${BASE}

RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 verifier && install -d -o verifier -m 0700 /data /shared

WORKDIR /app
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY locks ./locks
COPY stream_verifier ./stream_verifier
COPY model ./model
COPY web_client ./web_client
# Only files whose hashes are in locks/, and nothing that would have to be built with tools of no lock.
RUN python3 -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r locks/build.txt && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation -w /opt/build/dist .
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r locks/serve.txt && /opt/venv/bin/pip install --no-deps --no-index /opt/build/dist/*.whl && rm -rf /opt/build /app/*

ENV PATH=/opt/venv/bin:/usr/bin:/bin
ENV OPENBLAS_NUM_THREADS=1
ENV STREAM_VERIFIER_DATA_DIR=/data
# The container's own loopback cannot be published, so it listens on all of its addresses and does
# not start without a key for tokens: docker run -e STREAM_VERIFIER_TOKEN_KEY ...
ENV STREAM_VERIFIER_HOST=0.0.0.0

USER verifier
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/api/v1/health')"
ENTRYPOINT ["stream-verifier"]
CMD ["serve"]
