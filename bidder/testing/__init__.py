"""What every connector must do, as numbered cases: `class TestContract(ConnectorContract)` in its tests runs them.

A connector's tests give the contract a FakePlatform: the platform's side with handles (a small HTTP server, or an
object), so that a case can plant a report, let a request fail, and look at what is really in force. Each case gets a
new one. An issue then says "fails C25"; a handle that a platform cannot have raises NotOffered and the case is skipped.

    pytest.register_assert_rewrite("bidder.testing")  # in conftest.py, for readable failures

    class TestContract(ConnectorContract):
        def platform(self) -> FakePlatform:
            return MyFake()
"""

from __future__ import annotations

from bidder.testing.platform import FakePlatform, NotOffered, ReadFault, Row, WriteFault
from bidder.testing.reading import ReadingContract
from bidder.testing.wire import WireContract
from bidder.testing.writing import WritingContract

__all__ = ["ConnectorContract", "FakePlatform", "NotOffered", "ReadFault", "Row", "WriteFault"]


class ConnectorContract(ReadingContract, WritingContract, WireContract):
    """All cases. Subclass it, and give it `platform`."""
