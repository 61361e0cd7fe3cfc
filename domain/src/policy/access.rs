//! Access rules for accounts, roles, keys, audit log, read log and events.

use super::Scope;
use super::action::Action as A;
use super::rule::{Mask, Noun, Who, by_key, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[
    TENANT,
    ACCOUNT,
    ROLE_ASSIGNMENT,
    API_KEY,
    AUDIT_ENTRY,
    AUDIT_HEAD,
    READ_ENTRY,
    EVENT,
    JOB,
    ACCESS,
];

/// The company.
const TENANT: Noun = Noun {
    reading: A::TenantRead,
    records: &[("tenant", A::TenantRead)],
    actions: &[
        (
            A::TenantRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("colleague", Who::Colleague, Mask::Full),
                by_key("scope-people-read", Scope::PeopleRead, Who::Service, Mask::Full),
            ],
        ),
        (A::TenantUpdate, &[to("hr-admin", Who::HrAdmin, Mask::Full)]),
    ],
};

/// Accounts.
const ACCOUNT: Noun = Noun {
    reading: A::AccountRead,
    records: &[("account", A::AccountRead), ("session", A::AccountRead)],
    actions: &[
        (
            A::AccountRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("own-record", Who::Myself, Mask::Full),
                to("auditor", Who::Auditor, Mask::Full),
            ],
        ),
        (A::AccountWrite, &[to("hr-admin", Who::HrAdmin, Mask::Full)]),
        (A::AccountOwn, &[to("own-record", Who::Myself, Mask::Full)]),
    ],
};

/// Role assignments.
const ROLE_ASSIGNMENT: Noun = Noun {
    reading: A::RoleAssignmentRead,
    records: &[("role_assignment", A::RoleAssignmentRead)],
    actions: &[
        (
            A::RoleAssignmentRead,
            &[
                to("hr-admin", Who::HrAdmin, Mask::Full),
                to("own-record", Who::Myself, Mask::Full),
                to("auditor", Who::Auditor, Mask::Full),
            ],
        ),
        (A::RoleAssignmentWrite, &[to("hr-admin", Who::HrAdmin, Mask::Full)]),
    ],
};

/// API keys.
const API_KEY: Noun = Noun {
    reading: A::ApiKeyRead,
    records: &[("api_key", A::ApiKeyRead)],
    actions: &[
        (
            A::ApiKeyRead,
            &[to("hr-admin", Who::HrAdmin, Mask::Full), to("auditor", Who::Auditor, Mask::Full)],
        ),
        (A::ApiKeyWrite, &[to("hr-admin", Who::HrAdmin, Mask::Full)]),
    ],
};

/// The audit log.
const AUDIT_ENTRY: Noun = Noun {
    reading: A::AuditEntryRead,
    // An export leaves no record behind: its entry says only how many lines of what were
    // exported.
    records: &[
        ("export", A::AuditEntryRead),
        ("audit_head", A::AuditEntryRead),
        ("audit_entry", A::AuditEntryRead),
    ],
    actions: &[(
        A::AuditEntryRead,
        &[
            to("hr-admin-audit", Who::HrAdmin, Mask::Metadata),
            to("own-accesses", Who::Myself, Mask::Metadata),
            to("auditor", Who::Auditor, Mask::Full),
        ],
    )],
};

/// The signed heads of the audit log.
const AUDIT_HEAD: Noun = Noun {
    reading: A::AuditHeadRead,
    records: &[],
    actions: &[(
        A::AuditHeadRead,
        &[to("hr-admin", Who::HrAdmin, Mask::Full), to("auditor", Who::Auditor, Mask::Full)],
    )],
};

/// The read log: who has looked at one's own records.
const READ_ENTRY: Noun = Noun {
    reading: A::ReadEntryRead,
    records: &[],
    actions: &[(A::ReadEntryRead, &[to("own-work", Who::Colleague, Mask::Full)])],
};

/// Events.
const EVENT: Noun = Noun {
    reading: A::EventRead,
    records: &[],
    actions: &[(
        A::EventRead,
        &[
            to("hr-admin", Who::HrAdmin, Mask::Full),
            to("auditor", Who::Auditor, Mask::Full),
            // Events concern everybody, so a key with a unit limit does not suffice.
            by_key("scope-events-read", Scope::EventsRead, Who::CompanyService, Mask::Full),
        ],
    )],
};

/// Jobs.
const JOB: Noun = Noun {
    reading: A::JobRead,
    records: &[("job", A::JobRead)],
    actions: &[(
        A::JobRead,
        &[
            to("hr-admin", Who::HrAdmin, Mask::Full),
            to("own-job", Who::Author, Mask::Full),
            to("auditor-jobs", Who::Auditor, Mask::Metadata),
        ],
    )],
};

/// Explanations why somebody is or is not allowed to do something.
const ACCESS: Noun = Noun {
    reading: A::AccessExplain,
    records: &[],
    actions: &[(
        A::AccessExplain,
        &[
            to("hr-admin", Who::HrAdmin, Mask::Full),
            to("own-record", Who::Myself, Mask::Full),
            to("auditor", Who::Auditor, Mask::Full),
        ],
    )],
};
