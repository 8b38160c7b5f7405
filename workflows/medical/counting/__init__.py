"""What questions that count persons share: cohorts, code lists, partial results, refusals, released tables."""
