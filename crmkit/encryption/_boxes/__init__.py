"""What an application holds: the keyring, and boxes for records, columns, principals and erasure."""
