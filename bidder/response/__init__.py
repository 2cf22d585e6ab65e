"""What an amount would bring: rates, late orders, reachable spend, response curves (SCIENCE 1-3)."""
