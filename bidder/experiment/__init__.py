"""What bidder itself earns: how small an effect an experiment could see, and what the one that ran has shown."""
