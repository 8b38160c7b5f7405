"""Rain: merged from gauges, tracked, forecast."""
