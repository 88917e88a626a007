bulkhead_fuzz(fuzz_event_log LINK bulkhead_measure)
bulkhead_fuzz(fuzz_grub LINK bulkhead_measure)
bulkhead_fuzz(fuzz_txt LINK bulkhead_measure)
