"""Settings of Trace Relay, from the environment and from a `.env` file beside manage.py.

Every variable read here is in the table of docs/settings.md; tests/unit/test_documentation.py checks that.
"""

import os
from pathlib import Path

import environ

from b24app.host import logs, patches

patches.use_bundled_sqlite()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
# Into the environment, where what is set already wins; processes that are started from here inherit it.
env.read_env(BASE_DIR / env.str("ENV_FILE", ".env"))

# --- This machine -----------------------------------------------------------------------------

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data")))
# Done here, since any process may be the first to make a file in it: the web server, a worker, beat or a command.
os.umask(0o077)
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds visitors' names

DEBUG = False
# The value that only a laptop may use; a system check refuses it together with any other APP_URL.
INSECURE_SECRET_KEY = "insecure-key-for-a-laptop-only-0123456789abcdefghijklmnopqrstuvwxyz"
SECRET_KEY = env.str("DJANGO_SECRET_KEY", INSECURE_SECRET_KEY)
APP_URL = env.str("APP_URL", "http://127.0.0.1:8000").strip().rstrip("/")
ALLOWED_HOSTS = ["*"]  # the reverse proxy or the portal decides the host; nothing here is built from it

# --- Bitrix24 ---------------------------------------------------------------------------------

B24_CLIENT_ID = env.str("B24_CLIENT_ID", "")
B24_CLIENT_SECRET = env.str("B24_CLIENT_SECRET", "")
# The only hosts that ever see the client secret; the first one is asked where a portal names none.
B24_OAUTH_HOSTS = [
    host.rstrip("/")
    for host in env.list("B24_OAUTH_HOSTS", default=["https://oauth.bitrix.info", "https://oauth.bitrix24.tech"])
]
B24_ALLOW_INSECURE_PORTALS = env.bool("B24_ALLOW_INSECURE_PORTALS", False)
if B24_ALLOW_INSECURE_PORTALS:
    patches.allow_oauth_over_http()
# A portal cuts a request at 60 s; giving up earlier would turn successes into unknown outcomes. Nothing is concluded
# from a missing receipt before this time is over, either.
B24_HTTP_TIMEOUT = env.float("B24_HTTP_TIMEOUT", 65.0)
# For portals in a company's own network: hosts that may have private addresses, a file with the certificates of
# further authorities, and the proxy by which portals and OAuth servers are reached.
B24_PRIVATE_HOSTS = {host.strip().rstrip(".").lower() for host in env.list("B24_PRIVATE_HOSTS", default=[])}
B24_CA_FILE = env.str("B24_CA_FILE", "")
B24_PROXY = env.str("B24_PROXY", "")
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])

# --- Delivery ---------------------------------------------------------------------------------

# How long a worker may settle a batch alone: longer than one call can take, so that a live one never loses it.
CLAIM_SECONDS = B24_HTTP_TIMEOUT + 10
# How long one turn for a portal may last before the next portal is served.
TURN_SECONDS = 2.0
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 10.0)
# Worker processes that `manage.py up` starts: Python computes on one processor in each.
WORKERS = env.int("WORKERS", min(4, os.cpu_count() or 1))

# Further parameters that are taken out of the addresses in a trace, besides those of `traces.compose.addresses`.
SECRET_PARAMETERS = frozenset(name.lower() for name in env.list("SECRET_PARAMETERS", default=[]))

# --- How many may come ------------------------------------------------------------------------

# Own proxies in front of the web server: each adds to X-Forwarded-For where it was called from.
PROXIES = env.int("PROXIES", 0)
# Submissions that are taken at once from an address and by a form, and a second in the long run; 0 is no limit.
ADDRESS_BURST, ADDRESS_RATE = env.int("ADDRESS_BURST", 1000), env.float("ADDRESS_RATE", 10.0)
FORM_BURST, FORM_RATE = env.int("FORM_BURST", 20_000), env.float("FORM_RATE", 100.0)
# What waits for one portal: beyond it nothing more is taken for that portal; 0 is no limit.
PORTAL_WAITING_ROWS = env.int("PORTAL_WAITING_ROWS", 200_000)
PORTAL_WAITING_MIB = env.int("PORTAL_WAITING_MIB", 2048)
# Openings, events and codes that could not be proven, and failed logins at /admin/, a minute: from an address; ten
# times as many in all. 0 is no limit.
UNPROVEN_PER_MINUTE = env.int("UNPROVEN_PER_MINUTE", 300)
LOGINS_PER_MINUTE = env.int("LOGINS_PER_MINUTE", 10)
# --- Monitoring -------------------------------------------------------------------------------

# Who may read /metrics: who shows the token, and addresses and networks that ask without a proxy in between.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
METRICS_ADDRESSES = env.list("METRICS_ADDRESSES", default=["127.0.0.0/8", "::1"])

# --- How long data is kept, in days -------------------------------------------------------------

# All of a portal after an uninstall; and after one with "delete the data", which a reinstallation stops.
UNINSTALLED_DAYS = env.float("UNINSTALLED_DAYS", 30.0)
CLEAN_GRACE_DAYS = env.float("CLEAN_GRACE_DAYS", 3.0)
# What waits for a portal that takes nothing; told of two weeks before.
HELD_DAYS = env.float("HELD_DAYS", 90.0)
# What was asked of a portal and what it answered; the Market asks for three days.
EXCHANGE_DAYS = env.float("EXCHANGE_DAYS", 14.0)

# --- The vendor -------------------------------------------------------------------------------

# Who offers this installation: the licence agreement, the privacy policy and the help name it (docs/legal).
VENDOR_NAME = env.str("VENDOR_NAME", "")
VENDOR_EMAIL = env.str("VENDOR_EMAIL", "")
VENDOR_SITE = env.str("VENDOR_SITE", "")
VENDOR_ADDRESS = env.str("VENDOR_ADDRESS", "")
VENDOR_PHONE = env.str("VENDOR_PHONE", "")
VENDOR_HOURS = env.str("VENDOR_HOURS", "")
# The country and the provider of the servers, and the law and the courts of the agreement.
VENDOR_DATA_LOCATION = env.str("VENDOR_DATA_LOCATION", "")
VENDOR_LAW = env.str("VENDOR_LAW", "")

# --- Mail -------------------------------------------------------------------------------------

# `smtp+tls://USER:PASSWORD@HOST:587`; without one nothing is sent, and the page of the settings says so.
_MAIL = env.email_url("EMAIL_URL", default="dummymail://")
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"] or "localhost", _MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _MAIL["EMAIL_FILE_PATH"] or None
# The sweep waits for it.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "trace-relay@localhost")

# --- Database and Redis -----------------------------------------------------------------------

# One that is left empty is one that is not set.
DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR / 'trace-relay.sqlite3'}"
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["OPTIONS"] = {
        # A write lock taken at BEGIN waits in line; one taken in mid-transaction fails at once.
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        # What is deleted is overwritten, not only forgotten.
        "PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {})
    # A database that hangs must become a 503 within seconds, not a visitor who waits.
    DATABASES["default"]["OPTIONS"].update(
        {"connect_timeout": 3, "options": "-c statement_timeout=10000 -c lock_timeout=5000"}
    )
DATABASES["default"]["CONN_MAX_AGE"] = 600
# Processes that `manage.py serve` answers in: SQLite wants one writer, PostgreSQL takes several.
WEB_PROCESSES = env.int(
    "WEB_PROCESSES", 1 if "sqlite3" in DATABASES["default"]["ENGINE"] else min(4, os.cpu_count() or 1)
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# `redis://…`, or `redis+socket:///path` for a unix socket.
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "trace-relay:",
    # A message is a hint and the sweep heals a lost one, so none is kept until it is acknowledged. Keeping
    # them would end every worker that is busy at the moment when Redis goes away: kombu tries to give
    # them back over the closed connection, and the worker dies of it.
    "ack_emulation": False,
    # Who sends a wake-up while Redis is away is told so within milliseconds; kombu would hold a visitor for 6 s.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Delivery waits for portals nearly all the time, so threads: a portal that hangs takes one of many places.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", 48)
# Threads of each worker process that wait for portals' answers, besides those that send.
SENDER_THREADS = env.int("SENDER_THREADS", 40)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ETA_TASK_LIMIT = 1000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    # A sweep older than its interval says nothing new, so it expires instead of piling up.
    "sweep": {"task": "traces.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "records": {"task": "traces.look_at_records", "schedule": 60.0, "options": {"expires": 60.0}},
}

# --- Django -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "b24app",
    "traces",
]
MIDDLEWARE = [
    "b24app.frame.headers.middleware",
    "django.middleware.security.SecurityMiddleware",
    # The static files too, which lie uncompressed; against BREACH Django pads what it compresses.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Of these, what an answer to a website needs (`b24app.wsgi`).
WEBSITE_MIDDLEWARE = [
    "b24app.frame.headers.middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "b24app.urls"
WSGI_APPLICATION = "b24app.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# The operators' passwords; those of before are hashed anew at the next login.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 0
SECURE_CONTENT_TYPE_NOSNIFF = True
# Without the referrer a browser says that a form comes from nowhere, and Django refuses the operator's login.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600  # where the page was asked for by https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_ENGINE = "b24app.host.operator_sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = APP_URL.lower().startswith("https:")
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects people to https; a form's POST would lose its body on the way
    "security.W005",  # whether all hosts below this one have https, or browsers may know it in advance (W021), is for
    "security.W021",  # whoever owns the domain to say
]

STATIC_URL = "/static/"
# Static files are served from where they lie, without a collecting step; a STATIC_ROOT that is empty would warn.
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en"
# All are complete (tests/unit/test_translations.py); docs/operations.md, "Another language", tells how to add one.
LANGUAGES = [
    ("en", "English"),
    ("ru", "Русский"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("pl", "Polski"),
    ("pt-br", "Português (Brasil)"),
    ("tr", "Türkçe"),
]
LOCALE_PATHS = [BASE_DIR / "traces" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = logs.configuration(in_json=env.str("LOG_FORMAT", "text") == "json", level=env.str("LOG_LEVEL", "INFO"))
