"""bidder moves a shop's daily advertising money to the products where the next yuan earns most."""

__version__ = "0.1.0"
