"""The sandbox of the services' tests."""

from tests.services.conftest import panther, services

__all__ = ["panther", "services"]
