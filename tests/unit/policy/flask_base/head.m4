class domain
class domain2
class mmu
class resource
class event
class grant
class argo
sid dom0
sid domU
sid domDM
class domain { create transition destroy set_target }
class domain2 { make_priv_for set_as_target }
class mmu { map_read map_write exchange }
class resource { use_iommu setup add remove }
class event { bind create send status }
class grant { map_read map_write copy unmap transfer }
class argo { send register_single_source }

define(`gen_bool', `bool $1 $2;')
define(`declare_domain', `
type $1, domain_type;
type $1_self, domain_type;
type $1_channel, event_type;
type_transition $1 $1:domain $1_self;
type_transition $1 domain_type:event $1_channel;')
define(`domain_self_comms', `
allow $1 $1_channel:event { create send status };
allow $1_channel $1_self:event bind;
allow $1 $1_self:grant { map_read map_write copy unmap };')
define(`create_domain', `allow $1 $2:domain create; allow $1 $2_channel:event create;')
define(`manage_domain', `allow $1 $2:domain destroy;')
define(`migrate_domain_out', `allow $1 $2:mmu map_read;')
define(`delegate_devices', `allow $1 $2:resource { add remove };')
define(`admin_device', `allow $1 $2:resource { setup use_iommu };')
define(`make_device_model', `
type $3_target, domain_type;
allow $2 $3:domain set_target;
allow $2_channel $3_target:event bind;
allow $2 $3_target:mmu { map_read map_write };
allow $1 $2:domain2 make_priv_for;
allow $1 $3:domain2 set_as_target;')

attribute domain_type;
attribute event_type;
attribute resource_type;
type dom0_t, domain_type;
type dom0_t_channel, event_type;
type domio_t;
type device_t, resource_type;
type irq_t, resource_type;
type ioport_t, resource_type;
type iomem_t, resource_type;
role system_r;
