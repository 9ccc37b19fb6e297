# `.ci/pin-images` writes the digest.
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DATA_DIR=/data
WORKDIR /app

# The requirements change seldom: a layer of their own.
COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements.lock

# /data holds what belongs to this machine: beat's schedule, and the SQLite file where no DATABASE_URL is set.
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin relay && install -d -o relay -g relay /data
COPY manage.py pyproject.toml ./
COPY b24app b24app
COPY traces traces
COPY templates templates
COPY docs/help docs/help
COPY docs/legal docs/legal

USER relay
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
