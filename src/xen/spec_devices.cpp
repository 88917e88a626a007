#include "xen/spec_devices.hpp"

#include "base/text.hpp"
#include "xen/option_value.hpp"
#include "xen/uuid.hpp"

#include <algorithm>

namespace bulkhead::xen {
namespace {

Status needs(const char* field, const char* name) {
    if (field == nullptr) return fail(std::string(name) + "= is missing");
    return {};
}

// For words that xm took and that mean nothing to libxl.
std::function<Status(const std::string&)> ignored(OptionNotes& notes, const char* word) {
    return [&notes, word](const std::string&) -> Status {
        notes.warnings.push_back(std::string(word) + "= is xm's and is ignored");
        return {};
    };
}

} // namespace

Status add_vfb(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes) {
    libxl_device_vfb& vfb = extend_devices(config.vfbs, config.num_vfbs, libxl_device_vfb_init);
    extend_devices(config.vkbs, config.num_vkbs, libxl_device_vkb_init);
    return read_fields(item.text,
                       {{"vnc", &vfb.vnc.enable},
                        {"vnclisten", &vfb.vnc.listen},
                        {"vncpasswd", &vfb.vnc.passwd},
                        {"vncdisplay", &vfb.vnc.display},
                        {"vncunused", &vfb.vnc.findunused},
                        {"keymap", &vfb.keymap},
                        {"sdl", &vfb.sdl.enable},
                        {"opengl", &vfb.sdl.opengl},
                        {"display", &vfb.sdl.display},
                        {"xauthority", &vfb.sdl.xauthority}},
                       &notes);
}

Status add_vkb(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_vkb& vkb = extend_devices(config.vkbs, config.num_vkbs, libxl_device_vkb_init);
    const auto backend_type = [&vkb](const std::string& value) -> Status {
        if (libxl_vkb_backend_from_string(value.c_str(), &vkb.backend_type) != 0) return fail("must be qemu or linux");
        return {};
    };
    TRY(read_fields(item.text, {{"backend", &vkb.backend_domname}, // the other names: xen/io/kbdif.h
                                {"backend-type", backend_type},
                                {"unique-id", &vkb.unique_id},
                                {"feature-disable-keyboard", &vkb.feature_disable_keyboard},
                                {"feature-disable-pointer", &vkb.feature_disable_pointer},
                                {"feature-abs-pointer", &vkb.feature_abs_pointer},
                                {"feature-raw-pointer", &vkb.feature_raw_pointer},
                                {"feature-multi-touch", &vkb.feature_multi_touch},
                                {"multi-touch-width", &vkb.multi_touch_width},
                                {"multi-touch-height", &vkb.multi_touch_height},
                                {"multi-touch-num-contacts", &vkb.multi_touch_num_contacts},
                                {"width", &vkb.width},
                                {"height", &vkb.height}}));
    if (vkb.backend_type == LIBXL_VKB_BACKEND_UNKNOWN) return fail("backend-type= is missing; it is qemu or linux");
    const bool touch = vkb.multi_touch_height != 0 || vkb.multi_touch_width != 0 || vkb.multi_touch_num_contacts != 0;
    if (vkb.feature_multi_touch && !touch) {
        return fail("feature-multi-touch needs multi-touch-width, multi-touch-height or multi-touch-num-contacts");
    }
    vkb.feature_multi_touch = touch;
    return {};
}

Status add_vtpm(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes) {
    libxl_device_vtpm& vtpm = extend_devices(config.vtpms, config.num_vtpms, libxl_device_vtpm_init);
    const auto uuid = [&vtpm](const std::string& value) -> Status {
        const auto bytes = uuid_bytes(value);
        if (!bytes) return fail("is not a UUID");
        std::copy(bytes->begin(), bytes->end(), vtpm.uuid.uuid);
        return {};
    };
    TRY(read_fields(item.text, {{"backend", &vtpm.backend_domname},
                                {"uuid", uuid},
                                {"instance", ignored(notes, "instance")},
                                {"type", ignored(notes, "type")}}));
    return needs(vtpm.backend_domname, "backend");
}

Status add_p9(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_p9& p9 = extend_devices(config.p9s, config.num_p9s, libxl_device_p9_init);
    p9.devid = -1; // xl's second initialisation of each takes the number away again
    TRY(read_fields(item.text, {{"security_model", &p9.security_model},
                                {"path", &p9.path},
                                {"tag", &p9.tag},
                                {"backend", &p9.backend_domname}}));
    TRY(needs(p9.tag, "tag"));
    TRY(needs(p9.path, "path"));
    return needs(p9.security_model, "security_model");
}

Status add_pvcalls(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_pvcallsif& device =
        extend_devices(config.pvcallsifs, config.num_pvcallsifs, libxl_device_pvcallsif_init);
    return read_fields(item.text, {{"backend", &device.backend_domname}});
}

Status add_usbctrl(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_usbctrl& control = extend_devices(config.usbctrls, config.num_usbctrls, libxl_device_usbctrl_init);
    const auto type = [&control](const std::string& value) -> Status {
        if (libxl_usbctrl_type_from_string(value.c_str(), &control.type) != 0) {
            return fail("must be auto, pv, devicemodel or qusb");
        }
        return {};
    };
    return read_fields(item.text, {{"type", type}, {"version", &control.version}, {"ports", &control.ports}});
}

Status add_usbdev(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_usbdev& device = extend(config.usbdevs, config.num_usbdevs, libxl_device_usbdev_init);
    const auto type = [&device](const std::string& value) -> Status {
        if (libxl_usbdev_type_from_string(value.c_str(), &device.type) != 0) return fail("must be hostdev");
        return {};
    };
    return read_fields(item.text, {{"type", type},
                                   {"hostbus", &device.u.hostdev.hostbus},
                                   {"hostaddr", &device.u.hostdev.hostaddr},
                                   {"controller", &device.ctrl},
                                   {"port", &device.port}});
}

Status add_channel(libxl_domain_config& config, const ConfigValue& item, OptionNotes& notes) {
    libxl_device_channel& channel = extend_devices(config.channels, config.num_channels, libxl_device_channel_init);
    std::string path;
    const auto text = [](char** target) {
        return [target](const std::string& value) -> Status {
            replace(target, std::string(trim(value)));
            return {};
        };
    };
    const auto connection = [&channel](const std::string& value) -> Status {
        const std::string_view word = trim(value);
        if (word != "pty" && word != "socket") return fail("must be pty or socket");
        channel.connection = word == "pty" ? LIBXL_CHANNEL_CONNECTION_PTY : LIBXL_CHANNEL_CONNECTION_SOCKET;
        return {};
    };
    const auto keep_path = [&path](const std::string& value) -> Status {
        path = trim(value);
        return {};
    };
    TRY(read_fields(item.text,
                    {{"backend", text(&channel.backend_domname)},
                     {"name", text(&channel.name)},
                     {"path", keep_path},
                     {"connection", connection}},
                    &notes));
    if (channel.connection == LIBXL_CHANNEL_CONNECTION_UNKNOWN) return fail("connection= is missing; pty or socket");
    if (channel.connection == LIBXL_CHANNEL_CONNECTION_SOCKET) {
        if (path.empty()) return fail("connection=socket needs path=");
        replace(&channel.u.socket.path, path);
    }
    return {};
}

Status add_dtdev(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    if (item.text.empty()) return fail("is empty; wanted is a path of the host's device tree");
    libxl_device_dtdev& device = extend(config.dtdevs, config.num_dtdevs, libxl_device_dtdev_init);
    replace(&device.path, item.text);
    return {};
}

} // namespace bulkhead::xen
