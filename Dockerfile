# The daemon, on x86-64 and aarch64: docker buildx build --platform linux/amd64,linux/arm64 .
FROM python:3.12-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml setup.py constraints.txt MANIFEST.in README.md LICENSE ./
COPY boards boards
COPY converters converters
COPY edge edge
COPY firmware firmware
COPY training training
RUN python -m venv /opt/nuthatch \
    && /opt/nuthatch/bin/pip install --no-cache-dir -c constraints.txt '.[daemon]' \
    && /opt/nuthatch/bin/pip uninstall -y pip

FROM python:3.12-slim-bookworm
# PortAudio; ALSA's plugins, so that a sound server's socket can be handed in.
RUN apt-get update && apt-get install -y --no-install-recommends libportaudio2 libasound2-plugins \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --groups audio,video --home-dir /var/lib/nuthatch --create-home nuthatch
COPY --from=build /opt/nuthatch /opt/nuthatch
ENV PATH=/opt/nuthatch/bin:$PATH STATE_DIRECTORY=/var/lib/nuthatch PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER nuthatch
WORKDIR /var/lib/nuthatch
VOLUME /var/lib/nuthatch
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
ENTRYPOINT ["nuthatch"]
CMD ["run", "--config", "/etc/nuthatch/config.toml"]
