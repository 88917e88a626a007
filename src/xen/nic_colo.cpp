#include "xen/nic_colo.hpp"

#include "xen/option_value.hpp"

#include <algorithm>
#include <iterator>

namespace bulkhead::xen {
namespace {

struct ColoWord {
    const char* word;
    char* libxl_device_nic::*field;
};

constexpr ColoWord colo_words[] = {
    {"colo_checkpoint_host", &libxl_device_nic::colo_checkpoint_host},
    {"colo_checkpoint_port", &libxl_device_nic::colo_checkpoint_port},
    {"colo_compare_notify_dev", &libxl_device_nic::colo_compare_notify_dev},
    {"colo_compare_out", &libxl_device_nic::colo_compare_out},
    {"colo_compare_pri_in", &libxl_device_nic::colo_compare_pri_in},
    {"colo_compare_sec_in", &libxl_device_nic::colo_compare_sec_in},
    {"colo_filter_mirror_outdev", &libxl_device_nic::colo_filter_mirror_outdev},
    {"colo_filter_mirror_queue", &libxl_device_nic::colo_filter_mirror_queue},
    {"colo_filter_redirector0_indev", &libxl_device_nic::colo_filter_redirector0_indev},
    {"colo_filter_redirector0_outdev", &libxl_device_nic::colo_filter_redirector0_outdev},
    {"colo_filter_redirector0_queue", &libxl_device_nic::colo_filter_redirector0_queue},
    {"colo_filter_redirector1_indev", &libxl_device_nic::colo_filter_redirector1_indev},
    {"colo_filter_redirector1_outdev", &libxl_device_nic::colo_filter_redirector1_outdev},
    {"colo_filter_redirector1_queue", &libxl_device_nic::colo_filter_redirector1_queue},
    {"colo_filter_sec_redirector0_indev", &libxl_device_nic::colo_filter_sec_redirector0_indev},
    {"colo_filter_sec_redirector0_outdev", &libxl_device_nic::colo_filter_sec_redirector0_outdev},
    {"colo_filter_sec_redirector0_queue", &libxl_device_nic::colo_filter_sec_redirector0_queue},
    {"colo_filter_sec_redirector1_indev", &libxl_device_nic::colo_filter_sec_redirector1_indev},
    {"colo_filter_sec_redirector1_outdev", &libxl_device_nic::colo_filter_sec_redirector1_outdev},
    {"colo_filter_sec_redirector1_queue", &libxl_device_nic::colo_filter_sec_redirector1_queue},
    {"colo_filter_sec_rewriter0_queue", &libxl_device_nic::colo_filter_sec_rewriter0_queue},
    {"colo_sock_compare_notify_id", &libxl_device_nic::colo_sock_compare_notify_id},
    {"colo_sock_compare_notify_ip", &libxl_device_nic::colo_sock_compare_notify_ip},
    {"colo_sock_compare_notify_port", &libxl_device_nic::colo_sock_compare_notify_port},
    {"colo_sock_compare_pri_in_id", &libxl_device_nic::colo_sock_compare_pri_in_id},
    {"colo_sock_compare_pri_in_ip", &libxl_device_nic::colo_sock_compare_pri_in_ip},
    {"colo_sock_compare_pri_in_port", &libxl_device_nic::colo_sock_compare_pri_in_port},
    {"colo_sock_compare_sec_in_id", &libxl_device_nic::colo_sock_compare_sec_in_id},
    {"colo_sock_compare_sec_in_ip", &libxl_device_nic::colo_sock_compare_sec_in_ip},
    {"colo_sock_compare_sec_in_port", &libxl_device_nic::colo_sock_compare_sec_in_port},
    {"colo_sock_mirror_id", &libxl_device_nic::colo_sock_mirror_id},
    {"colo_sock_mirror_ip", &libxl_device_nic::colo_sock_mirror_ip},
    {"colo_sock_mirror_port", &libxl_device_nic::colo_sock_mirror_port},
    {"colo_sock_redirector0_id", &libxl_device_nic::colo_sock_redirector0_id},
    {"colo_sock_redirector0_ip", &libxl_device_nic::colo_sock_redirector0_ip},
    {"colo_sock_redirector0_port", &libxl_device_nic::colo_sock_redirector0_port},
    {"colo_sock_redirector1_id", &libxl_device_nic::colo_sock_redirector1_id},
    {"colo_sock_redirector1_ip", &libxl_device_nic::colo_sock_redirector1_ip},
    {"colo_sock_redirector1_port", &libxl_device_nic::colo_sock_redirector1_port},
    {"colo_sock_redirector2_id", &libxl_device_nic::colo_sock_redirector2_id},
    {"colo_sock_redirector2_ip", &libxl_device_nic::colo_sock_redirector2_ip},
    {"colo_sock_redirector2_port", &libxl_device_nic::colo_sock_redirector2_port},
    {"colo_sock_sec_redirector0_id", &libxl_device_nic::colo_sock_sec_redirector0_id},
    {"colo_sock_sec_redirector0_ip", &libxl_device_nic::colo_sock_sec_redirector0_ip},
    {"colo_sock_sec_redirector0_port", &libxl_device_nic::colo_sock_sec_redirector0_port},
    {"colo_sock_sec_redirector1_id", &libxl_device_nic::colo_sock_sec_redirector1_id},
    {"colo_sock_sec_redirector1_ip", &libxl_device_nic::colo_sock_sec_redirector1_ip},
    {"colo_sock_sec_redirector1_port", &libxl_device_nic::colo_sock_sec_redirector1_port},
    {"forwarddev", &libxl_device_nic::coloft_forwarddev},
};

const ColoWord* find_word(std::string_view word) {
    const auto* found = std::find_if(std::begin(colo_words), std::end(colo_words),
                                     [&](const ColoWord& row) { return word == row.word; });
    return found == std::end(colo_words) ? nullptr : found;
}

} // namespace

bool is_colo_word(std::string_view word) {
    return find_word(word) != nullptr;
}

void set_colo(const NicSpec& spec, libxl_device_nic& nic) {
    for (const auto& [word, value] : spec.colo) {
        if (const ColoWord* row = find_word(word)) replace(&(nic.*(row->field)), value);
    }
}

} // namespace bulkhead::xen
