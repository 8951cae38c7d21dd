"""What a policy can say of records: fields and their types, what is compared with what, and conditions as trees."""
