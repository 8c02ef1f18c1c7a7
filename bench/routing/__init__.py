"""The labelled requests of the router, and how it is fitted to them and measured on them."""
