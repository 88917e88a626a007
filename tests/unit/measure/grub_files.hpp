// A boot disk in memory.
#pragma once

#include "measure/grub_boot.hpp"

namespace bulkhead::measure::test {

class FakeFiles : public grub::Files {
public:
    explicit FakeFiles(std::vector<Bank> banks) : banks_(std::move(banks)) {}
    void put(const std::string& name, const std::string& content) { contents_[name] = content; }
    // A file of which only the digests are known; content() gives what put() said, for those that GRUB reads.
    void put_digests(const std::string& name, Digests digests) { digests_[name] = std::move(digests); }

    Result<std::optional<std::string>> content(const std::string& device, const std::string& path) override {
        const auto found = contents_.find("(" + device + ")" + path);
        if (found == contents_.end()) return std::nullopt;
        return found->second;
    }
    Result<std::optional<Digests>> digests(const std::string& device, const std::string& path) override {
        const std::string name = "(" + device + ")" + path;
        if (const auto known = digests_.find(name); known != digests_.end()) return known->second;
        const auto found = contents_.find(name);
        if (found == contents_.end()) return std::nullopt;
        return hash(banks_, found->second);
    }
    Result<Type> type(const std::string& device, const std::string& path) override {
        const std::string name = "(" + device + ")" + path;
        if (contents_.contains(name) || digests_.contains(name)) return Type::file;
        const auto inside = contents_.lower_bound(name + "/");
        return inside != contents_.end() && inside->first.starts_with(name + "/") ? Type::folder : Type::none;
    }

private:
    std::vector<Bank> banks_;
    std::map<std::string, std::string> contents_;
    std::map<std::string, Digests> digests_;
};

} // namespace bulkhead::measure::test
