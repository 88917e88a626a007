// Names of vifs in xenstore: backend/vif/FRONTEND-DOMID/DEVICE below the driver domain's own directory. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::agent {

inline constexpr std::string_view vif_root = "backend/vif";
inline constexpr std::string_view rules_root = "bulkhead/fence";

struct VifId {
    unsigned frontend = 0; // domid of the client, 0 to 32751
    unsigned device = 0;   // number of the vif in the client
    bool operator==(const VifId& other) const = default;
    bool operator<(const VifId& other) const {
        return frontend != other.frontend ? frontend < other.frontend : device < other.device;
    }

    [[nodiscard]] std::string path() const;          // "backend/vif/3/0"
    [[nodiscard]] std::string frontend_path() const; // "/local/domain/3/device/vif/0"
    [[nodiscard]] std::string rules_path() const;    // "bulkhead/fence/3/0", written by dom0 and nobody else
    // The kernel's name of the network link, "vif3.0", for a `handle` that is usually the device number.
    [[nodiscard]] std::string link_name(unsigned handle) const;
};

// Both as xenstore writes them: decimal without leading zeros, small enough that "vifF.D" is a link name.
std::optional<VifId> parse_vif_id(std::string_view frontend, std::string_view device);
std::optional<unsigned> parse_frontend(std::string_view text);

// What a watch event on "backend" or "bulkhead/fence" is about.
struct BackendEvent {
    enum class Scope {
        ignored,  // another kind of device, a node that we do not read, or not a path of ours
        all,      // "backend" or "backend/vif": look at everything; so "bulkhead/fence"
        frontend, // "backend/vif/F", "bulkhead/fence/F": look at the vifs of one client
        vif,      // "backend/vif/F/D" or a node in it that matters, "bulkhead/fence/F/D"
    };
    Scope scope = Scope::ignored;
    VifId vif; // for Scope::frontend only its `frontend`
};
BackendEvent parse_backend_event(std::string_view path);

} // namespace bulkhead::agent
