"""Plans, drills and incidents as data; downtime and notices."""
