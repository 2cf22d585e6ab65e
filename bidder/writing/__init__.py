"""The doors to a platform, of which `apply` opens those of budgets and `apply_bids` those of bids and targets.

`allowed`: whether writing is allowed at all. `edits`: how often the same was changed. `door`: the order of the steps
and what a read-back proves, for both. `budgets`, `bids`: how either is read, judged, set and journaled.
"""
