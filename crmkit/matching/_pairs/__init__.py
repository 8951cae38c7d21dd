"""Which pairs are compared, and how alike they are field by field."""
