"""Where figures come from and where budgets are written: platforms, files, the sandbox."""
