#include "xen/watched_nodes.hpp"

namespace bulkhead::xen {

Result<std::vector<std::optional<std::string>>> WatchedNodes::read_each(const std::vector<std::string>& paths) {
    if (const Status done = read(paths); !done) {
        store_.reset();
        nodes_.clear();
        return tl::unexpected(done.error());
    }
    std::vector<std::optional<std::string>> values;
    for (const std::string& path : paths) values.push_back(nodes_.find(path)->second.value);
    return values;
}

Status WatchedNodes::read(const std::vector<std::string>& paths) {
    if (!store_) store_ = TRY(Store::open());
    for (auto& [path, node] : nodes_) node.wanted = false;
    for (const std::string& path : paths) {
        const auto [node, fresh] = nodes_.try_emplace(path);
        if (fresh) TRY(store_->watch(path, path));
        node->second.wanted = true;
    }
    for (auto node = nodes_.begin(); node != nodes_.end();) {
        if (!node->second.wanted) TRY(store_->unwatch(node->first, node->first));
        node = node->second.wanted ? std::next(node) : nodes_.erase(node);
    }
    // The answer to any request comes behind the events of what changed before it.
    TRY(store_->exists("/local"));
    TRY(take_events());
    std::vector<std::string> changed;
    for (const auto& [path, node] : nodes_) {
        if (!node.known) changed.push_back(path);
    }
    if (changed.empty()) return {};
    auto values = TRY(store_->read_each(changed));
    for (std::size_t i = 0; i < changed.size(); ++i) {
        Node& node = nodes_.find(changed[i])->second;
        node.known = true;
        node.value = std::move(values[i]);
    }
    return {};
}

Status WatchedNodes::take_events() {
    while (const auto event = TRY(store_->next_event())) {
        const auto node = nodes_.find(event->token);
        if (node != nodes_.end()) node->second.known = false;
    }
    return {};
}

} // namespace bulkhead::xen
