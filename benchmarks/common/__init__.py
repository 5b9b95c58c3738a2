"""What several benchmarks share: fields with truth, peers, the ideal observer, tables and plots."""
