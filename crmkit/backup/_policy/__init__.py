"""What a set of backups must keep to: ages, copies, retention, and gates before a change."""
