"""A day of a fleet of any size, simulated: bidder's own schedule, batches, priorities and places on fake platforms."""
