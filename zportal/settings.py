"""The settings, one file. Every difference between environments is an environment value.

``.env.example`` lists them. ``zportal.startup.checks`` refuses the unsafe combinations.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from zportal.startup.environment import SQLITE, Environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Environment()
env.read_env(BASE_DIR / ".env")

# ---------------------------------------------------------------- who may reach it
DEBUG = env.bool("DEBUG", default=False)

SECRET_KEY_FILE = VAR_DIR / "secret_key"
SECRET_KEY = env.str("SECRET_KEY", default="") or (
    SECRET_KEY_FILE.read_text().strip() if SECRET_KEY_FILE.is_file() else ""
)

# Fernet keys of what is stored encrypted, the newest first; else SECRET_KEY makes one.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEY", default=[])

PORT = env.whole_number("PORT", default=8000, least=1, most=65_535)
HOST = env.str("HOST", default="127.0.0.1")
# gunicorn reads it by itself, and would end in a traceback; here “make run” is first.
WEB_CONCURRENCY = env.whole_number("WEB_CONCURRENCY", default=2, least=1, most=512)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
try:
    _public = urlsplit(PUBLIC_URL)
    # Browsers send an origin in lower case and without the scheme's own port.
    _netloc = _public.netloc.lower()
    _netloc = _netloc.removesuffix(":443" if _public.scheme == "https" else ":80")
    PUBLIC_URL = PUBLIC_URL.replace(_public.netloc, _netloc, 1)
    _public = urlsplit(PUBLIC_URL)
except ValueError:  # zportal.E005 says so, with what to do
    _public = urlsplit("")
PUBLIC_HTTPS = _public.scheme == "https"

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
if _public.hostname and _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS += [_public.hostname]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

# Addresses or networks of proxies whose forwarded headers are believed.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
# What is left of these two when a request reaches Django is to be believed
# (zportal.frame.middleware.ForwardedHeadersMiddleware).
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_X_FORWARDED_HOST = True

# ------------------------------------------------------------------- what is in it
INSTALLED_APPS = [
    "scim",
    "zportal",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_scim",
]

MIDDLEWARE = [
    "zportal.frame.middleware.HealthMiddleware",
    "zportal.frame.middleware.ForwardedHeadersMiddleware",
    "zportal.frame.middleware.UploadLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "zportal.frame.middleware.ScimMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "zportal.sign_in.session_middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zportal.sign_in.session_middleware.AdministratorSessionMiddleware",
    "zportal.frame.middleware.CurrentOrganizationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zportal.frame.middleware.HiddenCharactersMiddleware",
    "zportal.sign_in.refusal_middleware.RefusalMiddleware",
]

ROOT_URLCONF = "zportal.urls"
WSGI_APPLICATION = "zportal.wsgi.application"
# A redirected POST loses its body in most clients; SCIM answers both forms itself.
APPEND_SLASH = True

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
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# -------------------------------------------------------------------- where it keeps it
# How long a write waits for another one that is in its way, before it is answered 503.
# 0 would be no wait on SQLite, and one without end on PostgreSQL.
LOCK_SECONDS = env.whole_number("LOCK_SECONDS", default=20, least=1, most=3600)
DATABASES = {
    "default": env.database(
        "DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'zportal.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock when it begins: two of them queue, none fails half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": LOCK_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL;",
    }
    # The last connection that closes copies the whole write-ahead log: 1 ms a request.
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    # Without it, a request to an unreachable server waits for minutes.
    _options.setdefault("connect_timeout", 5)
    # And one for a row that somebody else has locked, for ever. To compile a filter of
    # many terms takes PostgreSQL half a minute, and to carry it out as it is, a second.
    _options.setdefault("options", f"-c lock_timeout={LOCK_SECONDS}s -c jit=off")

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# ------------------------------------------------------------------------- sign-in
AUTH_USER_MODEL = "zportal.Administrator"
AUTHENTICATION_BACKENDS = ["zportal.sign_in.backend.CountingBackend"]
PASSWORD_HASHERS = ["zportal.sign_in.passwords.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation."
        "UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "name")},
    },
    # NIST SP 800-63B-4 section 3.1.1.2: a password alone has 15 characters, is none of a
    # list, and no rule says which characters it is made of.
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

# Vendor: 30 minutes idle ("Advanced Settings"), 720 minutes at most. Both are counted in
# AdministratorSession, once a minute: to show a page needs no write otherwise.
SESSION_IDLE = timedelta(minutes=30)
SESSION_LIMIT = timedelta(hours=12)
SESSION_ENGINE = "zportal.sign_in.session_store"
# It only has to be longer than what is counted there.
SESSION_COOKIE_AGE = int((SESSION_LIMIT + SESSION_IDLE).total_seconds())
# A browser takes a cookie with such a name from this host only, and over https only: no
# neighbour below the same domain can put one of its own in the place. __Host- demands
# the path /, so cookies with a path of their own have the prefix __Secure-.
HOST_PREFIX = "__Host-" if PUBLIC_HTTPS else ""
SECURE_PREFIX = "__Secure-" if PUBLIC_HTTPS else ""
SESSION_COOKIE_NAME = f"{HOST_PREFIX}sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PUBLIC_HTTPS
CSRF_COOKIE_NAME = f"{HOST_PREFIX}csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = PUBLIC_HTTPS
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# ------------------------------------------------------------------------ the browser
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Browsers ignore it over plain http, and complain in the console of every page.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if PUBLIC_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # Whole domains are their owners' to promise, not this application's.
    "security.W005",
    "security.W021",
    # TLS ends at a proxy or tunnel that speaks http to us: a redirect would loop.
    "security.W008",
]

# -------------------------------------------------------------------------- limits
# A PUT of a group with 40,000 members is about 4 MB (reference: django-scim2 3.1).
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Of a request to the portal: a certificate has 64 KiB at most, a form far less. Django
# counts no files, and takes them before it knows who sends them.
PORTAL_UPLOAD_LIMIT = 1024 * 1024
# Of a SAML response: 4 MB as base-64, each of its +, / and = as three characters.
SAML_UPLOAD_LIMIT = 7 * 1024 * 1024

# ---------------------------------------------------------------------------- SCIM
# Seconds that the event of a call that changed nothing may wait to be written with
# others; 0 writes it before the call is answered.
EVENT_DELAY = env.seconds("EVENT_DELAY", default=0.25, most=3600)
# Seconds from one time that the server deletes what has reached its end to the next; with
# 0 it does not, and manage.py prune has to be run.
PRUNE_EVERY = env.seconds("PRUNE_EVERY", default=300, most=86_400)
SCIM_SERVICE_PROVIDER = {
    "NETLOC": _public.netloc,
    "SCHEME": _public.scheme,
    "AUTHENTICATION_SCHEMES": [
        {
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "The Bearer Token of the Configure SAML window.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": True,
        }
    ],
    "USER_MODEL_GETTER": "scim.http.django_scim_hooks.user_model",
    "GROUP_MODEL": "scim.models.DirectoryGroup",
    "USER_ADAPTER": "scim.http.adapters.UserAdapter",
    "GROUP_ADAPTER": "scim.http.adapters.GroupAdapter",
    "USER_FILTER_PARSER": "scim.http.django_scim_hooks.UserFilterQuery",
    "GROUP_FILTER_PARSER": "scim.http.django_scim_hooks.GroupFilterQuery",
    "AUTH_CHECK_MIDDLEWARE": "scim.http.authentication.BearerAuthentication",
}

# ----------------------------------------------------------------------------- log
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "zportal.serving.log_lines.LineFormatter",
            "format": "%(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "scim": {"level": "INFO"},
        "zportal": {"level": "INFO"},
        # Django gives these two handlers of their own, which write what clients sent.
        "django": {"handlers": []},
        "django.server": {"handlers": [], "propagate": True},
        # The event log holds every refused call; the console need not repeat them.
        "django.request": {"level": "ERROR"},
    },
}
