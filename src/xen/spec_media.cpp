// vdispl= and vsnd= of xl.cfg(5): the paravirtual display and sound card. The words are those of xen/io/sndif.h.
#include "base/text.hpp"
#include "xen/option_value.hpp"
#include "xen/spec_devices.hpp"

#include <algorithm>
#include <cstring>

namespace bulkhead::xen {
namespace {

constexpr std::size_t parts_max = 64; // connectors, rates, formats of one device

Result<std::vector<std::string>> parts_of(const std::string& value) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(value, ';')) {
        if (!part.empty()) parts.emplace_back(part);
    }
    if (parts.size() > parts_max) return fail("has more than " + std::to_string(parts_max) + " parts");
    return parts;
}

// "ID:WIDTHxHEIGHT"
Status set_connector(libxl_connector_param& connector, const std::string& text) {
    const auto colon = split(text, ':');
    const auto size = split(colon.back(), 'x');
    const auto width = parse_unsigned(size.front(), UINT32_MAX);
    const auto height = parse_unsigned(size.back(), UINT32_MAX);
    if (colon.size() != 2 || colon[0].empty() || size.size() != 2 || !width || !height) {
        return fail("is not ID:WIDTHxHEIGHT, or several of these with ';' between");
    }
    replace(&connector.unique_id, std::string(colon[0]));
    connector.width = static_cast<std::uint32_t>(*width);
    connector.height = static_cast<std::uint32_t>(*height);
    return {};
}

Status set_rates(libxl_vsnd_params& params, const std::string& value) {
    const std::vector<std::string> parts = TRY(parts_of(value));
    std::free(params.sample_rates);
    params.sample_rates = zeroed<std::uint32_t>(parts.size());
    params.num_sample_rates = static_cast<int>(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto rate = parse_unsigned(parts[i], UINT32_MAX);
        if (!rate) return fail("has a part that is not a number of samples in a second");
        params.sample_rates[i] = static_cast<std::uint32_t>(*rate);
    }
    return {};
}

Status set_formats(libxl_vsnd_params& params, const std::string& value) {
    const std::vector<std::string> parts = TRY(parts_of(value));
    std::free(params.sample_formats);
    params.sample_formats = zeroed<libxl_vsnd_pcm_format>(parts.size());
    params.num_sample_formats = static_cast<int>(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (libxl_vsnd_pcm_format_from_string(parts[i].c_str(), &params.sample_formats[i]) != 0) {
            return fail("has a part that is not a format such as s16_le");
        }
    }
    return {};
}

Status set_param(libxl_vsnd_params& params, std::string_view word, std::vector<Field> fields) {
    const auto rates = [&params](const std::string& value) { return set_rates(params, value); };
    const auto formats = [&params](const std::string& value) { return set_formats(params, value); };
    const Field common[] = {{"sample-rates", rates},
                            {"sample-formats", formats},
                            {"channels-min", &params.channels_min},
                            {"channels-max", &params.channels_max},
                            {"buffer-size", &params.buffer_size}};
    fields.insert(fields.end(), std::begin(common), std::end(common));
    return set_field(word, fields);
}

libxl_vsnd_pcm& add_pcm(libxl_device_vsnd& card) {
    return extend(card.pcms, card.num_vsnd_pcms, libxl_vsnd_pcm_init);
}

// "card, ...", "pcm, ..." or "stream, ...": a stream belongs to the pcm before it.
Status add_part(libxl_device_vsnd& card, const std::string& text) {
    std::string kind;
    libxl_vsnd_pcm* pcm = nullptr;
    libxl_vsnd_stream* stream = nullptr;
    for (const std::string_view part : split(text, ',')) {
        const std::string_view word = part.substr(std::min(part.find_first_not_of(' '), part.size()));
        if (word.empty()) continue;
        if (kind.empty()) {
            kind = word;
            if (::strcasecmp(kind.c_str(), "card") == 0) continue;
            const bool is_stream = ::strcasecmp(kind.c_str(), "stream") == 0;
            if (!is_stream && ::strcasecmp(kind.c_str(), "pcm") != 0) {
                return fail("begins with '" + printable(kind, 64) + "' instead of card, pcm or stream");
            }
            pcm = is_stream && card.num_vsnd_pcms > 0 ? &card.pcms[card.num_vsnd_pcms - 1] : &add_pcm(card);
            if (is_stream) stream = &extend(pcm->streams, pcm->num_vsnd_streams, libxl_vsnd_stream_init);
            continue;
        }
        if (stream != nullptr) {
            const auto type = [stream](const std::string& value) -> Status {
                if (libxl_vsnd_stream_type_from_string(value.c_str(), &stream->type) != 0) {
                    return fail("must be p (playback) or c (capture)");
                }
                return {};
            };
            TRY(set_param(stream->params, word, {{"unique-id", &stream->unique_id}, {"type", type}}));
        } else if (pcm != nullptr) {
            TRY(set_param(pcm->params, word, {{"name", &pcm->name}}));
        } else {
            TRY(set_param(card.params, word,
                          {{"backend", &card.backend_domname},
                           {"short-name", &card.short_name},
                           {"long-name", &card.long_name}}));
        }
    }
    return {};
}

} // namespace

Status add_vdispl(libxl_domain_config& config, const ConfigValue& item, OptionNotes&) {
    libxl_device_vdispl& display = extend_devices(config.vdispls, config.num_vdispls, libxl_device_vdispl_init);
    const auto connectors = [&display](const std::string& value) -> Status {
        if (display.connectors != nullptr) return fail("comes twice");
        const std::vector<std::string> parts = TRY(parts_of(value));
        display.connectors = zeroed<libxl_connector_param>(parts.size());
        for (const std::string& part : parts) {
            libxl_connector_param& connector = display.connectors[display.num_connectors++];
            libxl_connector_param_init(&connector);
            TRY(set_connector(connector, part));
        }
        return {};
    };
    TRY(read_fields(
        item.text,
        {{"backend", &display.backend_domname}, {"be-alloc", &display.be_alloc}, {"connectors", connectors}}));
    if (display.num_connectors == 0) return fail("connectors= is missing, such as connectors=id0:1920x1080");
    return {};
}

Status add_vsnd(libxl_domain_config& config, const ConfigValue& card, OptionNotes& notes) {
    libxl_device_vsnd& device = extend_devices(config.vsnds, config.num_vsnds, libxl_device_vsnd_init);
    for (const ConfigValue& item : card.items) {
        notes.line = item.line;
        if (item.is_list || item.text.size() > option_text_max)
            return fail("must be a text such as \"pcm, name=dev1\"");
        TRY(add_part(device, item.text));
    }
    return {};
}

} // namespace bulkhead::xen
