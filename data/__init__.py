"""Floor 0, facts: contracts, published sources, lake, reference tables, synthetic France."""
