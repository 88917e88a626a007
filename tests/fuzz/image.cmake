bulkhead_fuzz(fuzz_elf LINK bulkhead_image)
bulkhead_fuzz(fuzz_modinfo LINK bulkhead_image)
bulkhead_fuzz(fuzz_bzimage LINK bulkhead_image)
bulkhead_fuzz(fuzz_deb LINK bulkhead_image)
