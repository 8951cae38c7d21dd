"""What a comparison found: figures, lists, control totals, places, the verdict."""
