"""The storage contract of scim2-server, held by our models and services.

Its own suite checks the rules of every storage (copies, ids, meta, uniqueness, pages)
and 44 filters against the evaluator of scim2-models. It skips what a storage refuses;
here that is a failure, and what we do refuse is asserted by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scim2_models import InvalidFilterException, ScimProvider, ServiceProviderConfig
from scim2_server.testing import SEARCH_FILTERS, ScimStorageContract

from scim.http import discovery
from scim.resources.schemas import POLICY, PROVIDER
from tests.scim.messages import filter_query, refused
from tests.scim.storage import DirectoryStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db

REFUSED = {
    "title gt null": "null has no order",
    'meta.created co "20"': "a dateTime is no text",
}
"""Filters that the contract would skip, because a storage may refuse them."""

TOTAL = 44
"""Filters of the contract; held, because it could come to check less."""


def announced(organization: Organization) -> ServiceProviderConfig:
    """Return what our ServiceProviderConfig says, as a client reads it."""
    document = discovery.service_provider_config(organization)
    return ServiceProviderConfig.model_validate(document)


class TestDirectory(ScimStorageContract):
    """Every test of the contract, in the profile ``rfc``."""

    @pytest.fixture
    def provider(self, litware: Organization) -> Iterator[ScimProvider]:
        config = announced(litware)
        provider = ScimProvider(
            PROVIDER.models, PROVIDER.resource_types, config, POLICY
        )
        with provider:
            yield provider

    @pytest.fixture
    def storage(
        self, litware: Organization, provider: ScimProvider
    ) -> DirectoryStorage:
        return DirectoryStorage(litware)

    @staticmethod
    def require(supported: bool, feature: str) -> None:
        assert supported, f"{feature} is not announced"

    def search_request_or_skip(self, models: Any, **parameters: Any) -> Any:
        return self.search_request(models, **parameters)

    def search_or_skip(self, *search: Any) -> Any:
        return self.search(*search)

    @pytest.mark.parametrize(
        "scim_filter", [text for text in SEARCH_FILTERS if text not in REFUSED]
    )
    def test_search_filters_as_the_filter_evaluator(
        self,
        storage: Any,
        provider: Any,
        user_type: Any,
        user_model: Any,
        scim_filter: str,
    ) -> None:
        super().test_search_filters_as_the_filter_evaluator(
            storage, provider, user_type, user_model, scim_filter
        )

    @pytest.mark.parametrize("scim_filter", REFUSED)
    def test_a_filter_is_refused(
        self,
        storage: Any,
        user_type: Any,
        user_model: Any,
        rfc_scim: ScimClient,
        scim_filter: str,
    ) -> None:
        """RFC 7644 3.4.2.2: comparisons without an order are invalidFilter."""
        request = self.search_request([user_model])
        assert self.search(storage, [user_type], request).total == 0
        # Not by its constructor, which may refuse the filter before we are asked.
        request = request.model_copy(update={"filter": scim_filter})
        with pytest.raises(InvalidFilterException):
            self.search(storage, [user_type], request)
        refused(
            rfc_scim.get(f"/Users?{filter_query(scim_filter)}"), 400, "invalidFilter"
        )


def test_the_whole_contract_is_here(litware: Organization) -> None:
    """Every capability is announced, so that no test of the contract is skipped."""
    config = announced(litware)
    for feature in (config.filter, config.sort, config.etag, config.pagination):
        assert feature is not None
        assert getattr(feature, "supported", True)
    assert len(SEARCH_FILTERS) == TOTAL
    assert set(REFUSED) < set(SEARCH_FILTERS)
