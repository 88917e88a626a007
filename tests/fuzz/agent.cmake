bulkhead_fuzz(fuzz_agent LINK bulkhead_agent_core)
bulkhead_fuzz(fuzz_modules LINK bulkhead_base)
bulkhead_fuzz(fuzz_netlink LINK bulkhead_net)
