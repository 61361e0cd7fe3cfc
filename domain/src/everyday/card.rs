//! Cards: the little that is shown of a record wherever another record names it by its id.

/// The nouns of which the ids in a property of this name may be. One property name means the same
/// everywhere, and most of them begin with the noun; but the record above another, and who did
/// something, may be of two kinds.
pub fn nouns_named_by(property: &str) -> [Option<&str>; 2] {
    match property {
        "manager_id" | "owner_id" | "downstream_owner_id" | "upstream_owner_id" => {
            [Some("employee"), None]
        }
        "department_id" | "department_ids" => [Some("org_unit"), None],
        "owner_account_id" => [Some("account"), None],
        "downstream_goal_id" | "upstream_goal_id" => [Some("goal"), None],
        "parent_id" => [Some("goal"), Some("org_unit")],
        "actor_id" | "author_id" | "reader_id" => [Some("account"), Some("employee")],
        _ if property.ends_with("_by") => [Some("account"), Some("employee")],
        _ => [property.strip_suffix("_ids").or_else(|| property.strip_suffix("_id")), None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_tells_by_its_name_what_it_names() {
        assert_eq!(nouns_named_by("manager_id"), [Some("employee"), None]);
        assert_eq!(nouns_named_by("org_unit_ids"), [Some("org_unit"), None]);
        assert_eq!(nouns_named_by("decided_by"), [Some("account"), Some("employee")]);
        assert_eq!(nouns_named_by("name"), [None, None]);
    }
}
