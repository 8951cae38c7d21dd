"""What a matcher compares, blocks by and reckons with, where the caller does not say."""
