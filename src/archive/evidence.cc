#include "archive/evidence.h"

#include <cmath>

#include "archive/json_fields.h"
#include "codec/sha256.h"

namespace archive {

namespace {
constexpr std::string_view kFile = "proof.json";
constexpr std::array<std::string_view, 3> kSeverityNames{"note", "accepted", "damage"};

Json write_finding(const Finding& finding) {
  Json out{{"severity", kSeverityNames[static_cast<std::size_t>(finding.severity)]},
           {"code", json_text(finding.code)},
           {"file", json_text(finding.file)},
           {"table", json_text(finding.table)},
           {"chunk", json_optional(finding.piece)},
           {"offset", json_optional(finding.offset)},
           {"text", json_text(finding.text)},
           {"hint", json_text(finding.hint)}};
  if (!finding.recorded.empty()) out["recorded"] = json_text(finding.recorded);
  if (!finding.found.empty()) out["found"] = json_text(finding.found);
  return out;
}

Severity read_severity(const JsonFields& from) {
  const std::string name = from.text("severity");
  for (std::size_t n = 0; n < kSeverityNames.size(); ++n) {
    if (kSeverityNames[n] == name) return static_cast<Severity>(n);
  }
  from.refuse("severity", "is not known");
}

Finding read_finding(const JsonFields& from) {
  return {.severity = read_severity(from),
          .code = from.text("code"),
          .file = from.text("file"),
          .table = from.text("table"),
          .piece = from.optional_number("chunk"),
          .offset = from.optional_number("offset"),
          .text = from.text("text"),
          .hint = from.text("hint"),
          .recorded = from.has("recorded") ? from.text("recorded") : std::string(),
          .found = from.has("found") ? from.text("found") : std::string()};
}

// Over the document without the digest, on one line: white space and our own layout do not count.
std::string digest_of(const Json& document) { return codec::sha256_of(document.dump()); }

Level read_level(const JsonFields& from) {
  const std::optional<Level> level = parse_level(from.text("level"));
  if (!level) from.refuse("level", "is not known");
  return *level;
}
}  // namespace

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t n = 0; n < kLevelNames.size(); ++n) {
    if (kLevelNames[n] == name) return static_cast<Level>(n);
  }
  return std::nullopt;
}

std::string to_json(const Evidence& evidence) {
  Json document = Json::object();
  document["level"] = level_name(evidence.level);
  document["damaged"] = evidence.damaged;
  document["definition"] = evidence.definition;
  document["at"] = json_text(evidence.at);
  document["duration_s"] = std::isfinite(evidence.duration_s) ? evidence.duration_s : 0.0;
  document["by_version"] = json_text(evidence.by_version);
  document["server"] = json_text(evidence.server);
  document["sums_sha256"] = json_text(evidence.sums_sha256);
  document["findings"] = Json::array();
  for (const Finding& finding : evidence.findings)
    document["findings"].push_back(write_finding(finding));
  document["reports"] = Json::array();
  for (const auto& [name, sha256] : evidence.reports) {
    document["reports"].push_back({{"name", json_text(name)}, {"sha256", json_text(sha256)}});
  }
  document["digest"] = digest_of(document);
  return json_document(document);
}

Evidence evidence_from_json(std::string_view json) {
  Json document = parse_document(json, kFile);
  const JsonFields fields(document, std::string(kFile));
  const std::string digest = fields.text("digest");
  document.erase("digest");
  if (digest_of(document) != digest) fields.refuse("digest", "does not fit: the file was changed");
  Evidence evidence{.level = read_level(fields),
                    .damaged = fields.flag("damaged"),
                    .definition = fields.small_number("definition"),
                    .at = fields.text("at"),
                    .duration_s = fields.real("duration_s"),
                    .by_version = fields.text("by_version"),
                    .server = fields.text("server"),
                    .sums_sha256 = fields.text("sums_sha256")};
  for (const JsonFields& finding : fields.objects("findings"))
    evidence.findings.push_back(read_finding(finding));
  for (const JsonFields& report : fields.objects("reports")) {
    evidence.reports.emplace_back(report.text("name"), report.text("sha256"));
  }
  return evidence;
}

}  // namespace archive
