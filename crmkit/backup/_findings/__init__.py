"""What is said of a backup: findings with their codes, the page that shows them, the event for an audit log."""
