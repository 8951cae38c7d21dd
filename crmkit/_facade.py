"""The functions behind ``crmkit.<name>``: thin doors to the areas."""
