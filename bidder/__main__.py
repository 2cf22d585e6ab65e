"""`python -m bidder` is `bidder`."""

from bidder.cli.main import main

if __name__ == "__main__":
    main()
