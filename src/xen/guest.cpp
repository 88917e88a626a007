#include "xen/guest.hpp"

#include "base/text.hpp"
#include "xen/libxl.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace bulkhead::xen {

const std::vector<std::string>& trigger_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const libxl_enum_string_table* entry = libxl_trigger_string_table; entry->s != nullptr; ++entry) {
            if (entry->v != LIBXL_TRIGGER_UNKNOWN) list.emplace_back(entry->s);
        }
        return list;
    }();
    return names;
}

Status send_trigger(Context& xen, unsigned domain, const std::string& trigger, unsigned vcpu) {
    libxl_trigger number{};
    const auto& names = trigger_names();
    if (std::find(names.begin(), names.end(), trigger) == names.end() ||
        libxl_trigger_from_string(trigger.c_str(), &number) != 0) {
        return fail("'" + printable(trigger, 64) + "' is no trigger; there are: " + join(names, ", "), EINVAL);
    }
    xen.clear();
    if (const int rc = libxl_send_trigger(xen.get(), domain, number, vcpu, nullptr); rc != 0) {
        return xen.error("cannot send '" + trigger + "' to virtual processor " + std::to_string(vcpu) + " of domain " +
                             std::to_string(domain),
                         rc);
    }
    return {};
}

Status send_sysrq(Context& xen, unsigned domain, char letter) {
    xen.clear();
    if (const int rc = libxl_send_sysrq(xen.get(), domain, letter); rc != 0)
        return xen.error("cannot send a sysrq to domain " + std::to_string(domain), rc);
    return {};
}

std::optional<std::uint32_t> start_time(Context& xen, unsigned domain) {
    xen.clear();
    const std::uint32_t time = libxl_vm_get_start_time(xen.get(), domain);
    if (time == UINT32_MAX) return std::nullopt;
    return time;
}

std::vector<VtpmInfo> list_vtpms(Context& xen, unsigned domain) {
    xen.clear();
    int count = 0;
    libxl_device_vtpm* const list = libxl_device_vtpm_list(xen.get(), domain, &count);
    std::vector<VtpmInfo> vtpms;
    for (int i = 0; i < count && list != nullptr; ++i) {
        libxl_vtpminfo info;
        libxl_vtpminfo_init(&info);
        if (libxl_device_vtpm_getinfo(xen.get(), domain, &list[i], &info) == 0) {
            VtpmInfo& to = vtpms.emplace_back();
            to.devid = info.devid;
            to.state = info.state;
            to.event_channel = info.evtch;
            to.ring_reference = info.rref;
            to.backend_domain = info.backend_id;
            to.uuid = uuid_text(libxl_uuid_bytearray_const(&info.uuid));
            to.backend = text_of(info.backend);
        }
        libxl_vtpminfo_dispose(&info);
    }
    if (list != nullptr) libxl_device_vtpm_list_free(list, count);
    return vtpms;
}

std::vector<ChannelInfo> list_channels(Context& xen, unsigned domain) {
    xen.clear();
    int count = 0;
    libxl_device_channel* const list = libxl_device_channel_list(xen.get(), domain, &count);
    std::vector<ChannelInfo> channels;
    for (int i = 0; i < count && list != nullptr; ++i) {
        libxl_channelinfo info;
        libxl_channelinfo_init(&info);
        if (libxl_device_channel_getinfo(xen.get(), domain, &list[i], &info) == 0) {
            ChannelInfo& to = channels.emplace_back();
            to.devid = list[i].devid;
            to.state = info.state;
            to.event_channel = info.evtch;
            to.ring_reference = info.rref;
            to.backend_domain = info.backend_id;
            to.connection = libxl_channel_connection_to_string(list[i].connection);
            if (list[i].connection == LIBXL_CHANNEL_CONNECTION_PTY) to.pty = text_of(info.u.pty.path);
        }
        libxl_channelinfo_dispose(&info);
        libxl_device_channel_dispose(&list[i]);
    }
    std::free(list); // libxl has no function for it; xl does the same
    return channels;
}

Result<std::string> monitor_command(Context& xen, unsigned domain, const std::string& command) {
    xen.clear();
    char* answer = nullptr;
    const int rc = libxl_qemu_monitor_command(xen.get(), domain, command.c_str(), &answer, nullptr);
    const std::unique_ptr<char, decltype(&std::free)> owner(answer, &std::free);
    if (rc != 0) return xen.error("QEMU of domain " + std::to_string(domain) + " did not take the command", rc);
    return text_of(answer);
}

} // namespace bulkhead::xen
