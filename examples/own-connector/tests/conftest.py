"""Failures of the contract are shown with the values that were compared."""

import pytest

pytest.register_assert_rewrite("bidder.testing")
