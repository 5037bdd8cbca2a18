"""scim2-server: the WSGI application of its test server, in memory.

In one gunicorn process, since its store is of one process, and with kept connections,
which the server of its command line does not offer.
"""

from __future__ import annotations

import os
import secrets
from typing import Any

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import (
    BEARER_TOKEN_SCHEME,
    BearerTokenApplication,
)
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from bench import people
from bench.peers.serving import (
    Ready,
    gunicorn,
    new_token,
    options,
    sampled_people,
    serve,
)
from bench.people import Size


def scim_id(number: int) -> str:
    """The store makes 32 hexadecimal digits too."""
    return f"{number:032x}"


def resources(provider: Any, size: Size) -> list[Any]:
    """Return users and groups; only the first of each is validated."""
    user_model, group_model = (
        provider.model_for_endpoint(endpoint) for endpoint in ("/Users", "/Groups")
    )
    meta = {
        "created": "2026-01-01T00:00:00Z",
        "lastModified": "2026-01-01T00:00:00Z",
        "version": 'W/"0"',
    }

    def user(number: int) -> Any:
        document = people.document(number) | {
            "schemas": [people.USER, people.ENTERPRISE],
            "id": scim_id(number),
            "meta": meta | {"resourceType": "User"},
        }
        return user_model.model_validate(document)

    members: list[list[int]] = [[] for _ in range(size.groups)]
    members[0] = list(range(size.members))
    for number in range(size.users):
        members[size.group_of(number)].append(number)

    def group(number: int) -> Any:
        document = {
            "schemas": [people.GROUP],
            "id": scim_id(size.users + number),
            "displayName": people.group_name(number),
            "members": [{"value": scim_id(item)} for item in members[number]],
            "meta": meta | {"resourceType": "Group"},
        }
        return group_model.model_validate(document)

    return [*map(user, range(size.users)), *map(group, range(size.groups))]


def application() -> BearerTokenApplication:
    """Return the filled application; gunicorn calls this once."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=config,
    )
    storage = InMemoryStorage()
    storage.resources = resources(provider, Size(int(os.environ["BENCH_USERS"])))
    return BearerTokenApplication(
        storage,
        provider,
        service=ScimService(provider, secret=secrets.token_urlsafe(32)),
        bearer_tokens=[os.environ["BENCH_TOKEN"]],
    )


def main() -> None:
    given = options()
    token = new_token()
    serve(
        gunicorn("bench.peers.scim2_server:application()"),
        given,
        Ready(
            base="/v2",
            token=token,
            group_id=scim_id(given.size.users),
            people=sampled_people(given.size, scim_id),
        ),
        BENCH_TOKEN=token,
        BENCH_USERS=str(given.size.users),
        WEB_CONCURRENCY="1",
    )


if __name__ == "__main__":
    main()
