bulkhead_fuzz(fuzz_tuning LINK bulkhead_base)
