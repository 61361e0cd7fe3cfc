//! Enums of the contract that belong to this area.

use crate::platform::words::words;
use domain::text_enum;

text_enum! {
    /// Who makes a request.
    pub enum Kind {
        /// A person, by their account.
        Account = "account",
        /// A program, by its key.
        ApiKey = "api_key",
    }
}

text_enum! {
    /// Who has acted.
    pub enum Acting {
        /// A person, by their account.
        Account = "account",
        /// A program, by its key.
        ApiKey = "api_key",
        /// The software itself.
        System = "system",
    }
}

words! {
    Action of domain::policy::Action;
    Role of domain::policy::Role;
    Scope of domain::policy::Scope;
    AccountStatus of domain::access::account::AccountStatus;
    AccountAction of domain::access::account::AccountTransition;
    RoleAssignmentAction of domain::access::account::RoleAssignmentAction;
    ApiKeyAction of domain::access::account::ApiKeyAction;
    TenantAction of domain::access::tenant::TenantAction;
    PrincipalKind of Kind;
    ActorKind of Acting;
}
