"""The rule set: made, refused where it contradicts itself, written as data, compared and explained."""
