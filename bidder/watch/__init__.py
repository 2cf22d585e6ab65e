"""Looks at figures as they come in: why sales changed, what is wrong with a product, what is unlike itself. Pure."""
