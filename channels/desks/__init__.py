"""Ways a report leaves for a regency's own system: one module a kind of desk."""
