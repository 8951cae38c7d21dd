"""Records as they travel, and the flat tables that mappings work on."""
