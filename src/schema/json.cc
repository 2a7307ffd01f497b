#include "schema/json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "schema/tell.h"
#include "util/error.h"
#include "util/text.h"

namespace schema {
namespace {

using util::cat;
using util::Error;
using util::Kind;
using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "pgbelay.schema/";
constexpr std::uint64_t kVersion = 1;

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20U) {
      const auto code = static_cast<unsigned char>(c);
      out += cat("\\u00", kHex[code >> 4U], kHex[code & 15U]);
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_text(std::string& out, std::string_view text) {
  if (util::is_utf8(text)) return append_string(out, text);
  out += cat("{\"hex\":\"", util::hex(std::as_bytes(std::span(text))), "\"}");
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out += cat(",\"", name, "\":");
  append_text(out, text);
}

void append_list(std::string& out, std::string_view list) {
  out += '[';
  bool first = true;
  for (const std::string& text : texts_of(list)) {
    if (!std::exchange(first, false)) out += ',';
    append_text(out, text);
  }
  out += ']';
}

void append_fact(std::string& out, const Fact& fact) {
  append_string(out, fact.name);
  out += ':';
  if (fact.form == Form::List) return append_list(out, fact.value);
  if (fact.form != Form::Deparsed) return append_text(out, fact.value);
  out += "{\"expression\":";
  append_text(out, fact.value);
  out += '}';
}

void append_element(std::string& out, const Element& element) {
  out += cat("{\"kind\":\"", info(element.kind).name, "\",\"identity\":");
  append_text(out, element.identity);
  append_member(out, "of", element.of);
  append_member(out, "schema", element.schema);
  append_member(out, "name", element.name);
  if (element.extension_table) out += ",\"extension_table\":true";
  out += ",\"facts\":{";
  bool first = true;
  for (const Fact& fact : element.facts) {
    if (fact.form == Form::Secret) continue;
    if (!std::exchange(first, false)) out += ',';
    append_fact(out, fact);
  }
  out += "}}";
}

// The parts of a document, one at a time: a model of many tables is never there twice as a whole.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  Model read(std::string_view text) {
    const Json head = parse_head(text);
    const std::string format = head.value("schema", "");
    const std::optional<std::uint64_t> version =
        format.starts_with(kFormat)
            ? util::parse_u64(std::string_view(format).substr(kFormat.size()))
            : std::nullopt;
    if (!version) damaged("it does not say that it is a schema of pgbelay");
    if (*version > kVersion) {
      throw Error(Kind::Usage,
                  cat(util::printable(file_), " was written by a newer pgbelay (", format, ")"),
                  {.hint = "Use that version, or a newer one.", .sqlstate = {}});
    }
    model_.server_version = head.value("server_version", 0);
    model_.sort();
    return std::move(model_);
  }

 private:
  [[noreturn]] void damaged(std::string_view why) const {
    throw Error(Kind::Damage, cat(util::printable(file_), " is damaged: ", why),
                {.hint = "Use another backup, or the record of another run.", .sqlstate = {}});
  }

  // Elements are taken as they come, and left out of what the parser keeps.
  Json parse_head(std::string_view text) {
    try {
      const auto take = [this](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth != kElementDepth || event != Json::parse_event_t::object_end) return true;
        take_element(parsed);
        return false;
      };
      Json head = Json::parse(text, take);
      if (!head.is_object()) damaged("it is no object");
      return head;
    } catch (const Json::exception& error) {
      damaged(error.what());
    }
  }

  static std::string text_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    const std::optional<std::string> bytes = util::unhex(value.at("hex").get<std::string>());
    return bytes.value_or(std::string());
  }
  static std::string optional_text(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? std::string() : text_of(*found);
  }

  static Fact fact_of(const std::string& name, const Json& value) {
    if (value.is_array()) {
      std::vector<std::string> texts;
      for (const Json& text : value) texts.push_back(text_of(text));
      return {name, list_of(texts), Form::List};
    }
    if (value.is_object() && value.contains("expression"))
      return {name, text_of(value.at("expression")), Form::Deparsed};
    return {name, text_of(value), Form::Plain};
  }

  void take_element(const Json& parsed) {
    const KindInfo* const kind = find_kind(parsed.at("kind").get<std::string>());
    if (kind == nullptr) return;
    Element element;
    element.kind = kind->kind;
    element.identity = text_of(parsed.at("identity"));
    element.of = optional_text(parsed, "of");
    element.schema = optional_text(parsed, "schema");
    element.name = optional_text(parsed, "name");
    element.extension_table = parsed.value("extension_table", false);
    for (const auto& [name, value] : parsed.at("facts").items())
      element.facts.push_back(fact_of(name, value));
    model_.elements.push_back(std::move(element));
  }

  static constexpr int kElementDepth = 2;  // { "elements": [ {
  std::string_view file_;
  Model model_;
};

std::string_view change_name(Change::What what) {
  switch (what) {
    case Change::What::Removed:
      return "dropped";
    case Change::What::Added:
      return "added";
    case Change::What::Changed:
      return "changed";
  }
  return "changed";
}

void append_value(std::string& out, Form form, const std::optional<std::string>& value) {
  if (!value || form == Form::Secret) {
    out += "null";
  } else if (form == Form::List) {
    append_list(out, *value);
  } else {
    append_text(out, *value);
  }
}

void append_fact_change(std::string& out, const FactChange& fact) {
  out += "{\"name\":";
  append_string(out, fact.name);
  out += ",\"before\":";
  append_value(out, fact.form, fact.before);
  out += ",\"after\":";
  append_value(out, fact.form, fact.after);
  out += '}';
}

// Of what came or went, all facts.
std::vector<FactChange> facts_of(const Change& change) {
  if (change.what == Change::What::Changed) return change.facts;
  std::vector<FactChange> facts;
  for (const Fact& fact : change.element().facts) {
    const std::optional<std::string> value(fact.value);
    const bool added = change.what == Change::What::Added;
    facts.push_back(
        {fact.name, fact.form, added ? std::nullopt : value, added ? value : std::nullopt});
  }
  return facts;
}

void append_definition(std::string& out, const Element* element) {
  if (element == nullptr) {
    out += "null";
  } else {
    append_text(out, definition(*element));
  }
}

void append_change(std::string& out, const Change& change) {
  const Element& element = change.element();
  out += cat("{\"change\":\"", change_name(change.what), "\",\"kind\":\"", info(element.kind).name,
             "\",\"identity\":");
  append_text(out, element.identity);
  append_member(out, "of", element.of);
  append_member(out, "text", tell(change));
  out += ",\"before\":";
  append_definition(out, change.before);
  out += ",\"after\":";
  append_definition(out, change.after);
  if (change.expected) out += cat(",\"expected\":", *change.expected ? "true" : "false");
  out += ",\"facts\":[";
  bool first = true;
  for (const FactChange& fact : facts_of(change)) {
    if (!std::exchange(first, false)) out += ',';
    append_fact_change(out, fact);
  }
  out += "]}";
}

}  // namespace

std::string changes_document(const std::vector<Change>& changes) {
  std::string out = "{\"schema\":\"pgbelay.schema-changes/1\",\"changes\":[";
  bool first = true;
  for (const Change& change : changes) {
    out += std::exchange(first, false) ? "\n" : ",\n";
    append_change(out, change);
  }
  return out + "\n]}\n";
}

std::string to_json(const Model& model) {
  std::string out = cat("{\"schema\":\"", kFormat, kVersion,
                        "\",\"server_version\":", model.server_version, ",\"elements\":[");
  bool first = true;
  for (const Element& element : model.elements) {
    out += std::exchange(first, false) ? "\n" : ",\n";
    append_element(out, element);
  }
  return out + "\n]}\n";
}

Model from_json(std::string_view text, std::string_view file) { return Reader(file).read(text); }

}  // namespace schema
