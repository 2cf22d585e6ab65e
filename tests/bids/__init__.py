"""Tests of bidder.bids."""
