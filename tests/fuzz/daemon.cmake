bulkhead_fuzz(fuzz_api LINK bulkhead_api)
bulkhead_fuzz(fuzz_domain_config LINK bulkhead_config bulkhead_domain)
bulkhead_fuzz(fuzz_pci LINK bulkhead_pci)
bulkhead_fuzz(fuzz_saved_image LINK bulkhead_domain)
