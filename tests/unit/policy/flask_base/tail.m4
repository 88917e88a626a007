role system_r types domain_type;
user system_u roles { system_r };
sid dom0 system_u:system_r:dom0_t
sid domU system_u:system_r:domU_t
sid domDM system_u:system_r:dm_dom_t
