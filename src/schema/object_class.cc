// The table of all classes. A new one is a row here, and a file with its statement.
#include "schema/object_class.h"

#include <array>

namespace schema {
namespace {

constexpr std::array kClasses{
    ObjectClass{"pg_database", "", sql::database},
    ObjectClass{"pg_namespace", "", sql::schemas},
    ObjectClass{"pg_extension", "", sql::extensions},
    ObjectClass{"pg_language", "", sql::languages},
    ObjectClass{"pg_type", "", sql::types},
    ObjectClass{"pg_class", "pg_type", sql::type_attributes},
    ObjectClass{"pg_constraint", "pg_type", sql::domain_constraints},
    ObjectClass{"pg_proc", "", sql::functions},
    ObjectClass{"pg_proc", "", sql::aggregates},
    ObjectClass{"pg_operator", "", sql::operators},
    ObjectClass{"pg_opfamily", "", sql::operator_families},
    ObjectClass{"pg_opclass", "", sql::operator_classes},
    ObjectClass{"pg_am", "", sql::access_methods},
    ObjectClass{"pg_cast", "", sql::casts},
    ObjectClass{"pg_conversion", "", sql::conversions},
    ObjectClass{"pg_collation", "", sql::collations},
    ObjectClass{"pg_transform", "", sql::transforms},
    ObjectClass{"pg_ts_parser", "", sql::text_search_parsers},
    ObjectClass{"pg_ts_template", "", sql::text_search_templates},
    ObjectClass{"pg_ts_dict", "", sql::text_search_dictionaries},
    ObjectClass{"pg_ts_config", "", sql::text_search_configurations},
    ObjectClass{"pg_foreign_data_wrapper", "", sql::foreign_data_wrappers},
    ObjectClass{"pg_foreign_server", "", sql::foreign_servers},
    ObjectClass{"pg_user_mapping", "", sql::user_mappings},
    ObjectClass{"pg_class", "", sql::relations},
    ObjectClass{"pg_class", "pg_class", sql::columns},
    ObjectClass{"pg_class", "", sql::sequences},
    ObjectClass{"pg_constraint", "pg_class", sql::constraints},
    ObjectClass{"pg_class", "pg_class", sql::indexes, Members::LeaveOut, Members::Keep},
    ObjectClass{"pg_statistic_ext", "pg_class", sql::statistics, Members::LeaveOut, Members::Keep},
    ObjectClass{"pg_rewrite", "pg_class", sql::rules, Members::LeaveOut, Members::Keep},
    ObjectClass{"pg_trigger", "pg_class", sql::triggers, Members::LeaveOut, Members::Keep},
    ObjectClass{"pg_policy", "pg_class", sql::policies, Members::LeaveOut, Members::Keep},
    ObjectClass{"pg_publication", "", sql::publications},
    ObjectClass{"pg_publication_rel", "pg_class", sql::publication_tables, Members::LeaveOut,
                Members::Keep},
    ObjectClass{"pg_publication_namespace", "", sql::publication_schemas},
    ObjectClass{"pg_subscription", "", sql::subscriptions},
    ObjectClass{"pg_event_trigger", "", sql::event_triggers},
    ObjectClass{"pg_default_acl", "", sql::default_privileges},
    // Before the privileges: what is said about an object stands with the first of its elements.
    ObjectClass{"pg_class", "", sql::altered_members, Members::Keep},
    ObjectClass{"pg_class", "", sql::privileges, Members::Keep},
};

}  // namespace

std::span<const ObjectClass> object_classes() noexcept { return kClasses; }

}  // namespace schema
