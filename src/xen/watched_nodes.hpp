// WatchedNodes: what nodes of xenstore hold, read once and then again only when they have changed; for who asks for the
// same few hundred nodes again and again, as a list of domains does for their names.
#pragma once

#include "base/result.hpp"
#include "xen/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::xen {

class WatchedNodes {
public:
    // As Nodes::read_each(): each as it was when the call began, or later. Nodes that are not asked for are forgotten.
    // After an error the next call begins anew, with another connection.
    Result<std::vector<std::optional<std::string>>> read_each(const std::vector<std::string>& paths);

private:
    Status read(const std::vector<std::string>& paths);
    Status take_events();

    std::optional<Store> store_;
    struct Node {
        bool known = false; // since the last change
        bool wanted = false;
        std::optional<std::string> value;
    };
    std::map<std::string, Node, std::less<>> nodes_; // those with a watch, whose token is the path
};

} // namespace bulkhead::xen
