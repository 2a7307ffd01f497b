#include "verify/verify.h"

namespace verify {

pg::DatabaseProperties properties_of(const archive::Manifest& manifest) {
  const archive::DatabaseRecord& from = manifest.properties;
  pg::DatabaseProperties to{.owner = from.owner,
                            .encoding = from.encoding,
                            .locale_provider = from.locale_provider,
                            .collate = from.collate,
                            .ctype = from.ctype,
                            .icu_locale = from.icu_locale,
                            .icu_rules = from.icu_rules,
                            .tablespace = from.tablespace,
                            .connection_limit = from.connection_limit,
                            .is_template = from.is_template,
                            .default_acl = from.default_acl,
                            .grants = {},
                            .settings = {},
                            .comment = from.comment,
                            .security_labels = from.security_labels};
  for (const archive::DatabaseRecord::Grant& grant : from.grants) {
    to.grants.push_back({grant.grantor, grant.grantee, grant.privilege, grant.grantable});
  }
  for (const archive::DatabaseRecord::Setting& setting : from.settings) {
    to.settings.push_back({setting.role, setting.name, setting.value});
  }
  return to;
}

}  // namespace verify
