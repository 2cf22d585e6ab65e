"""What a click and a target should be offered: value per click × keep-share, beside the price of a budget's money.

Pure; numbers in, `LeverChange`s out. :mod:`bidder.bids.propose` is the face; docs/bids.md says how it decides.
"""
