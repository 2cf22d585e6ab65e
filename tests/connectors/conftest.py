"""Failures of contract cases show their figures."""

import pytest

pytest.register_assert_rewrite("bidder.testing")
