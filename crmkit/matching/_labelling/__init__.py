"""What people say about pairs: questions worth asking, and labels as data."""
