//! Roles of people and scopes of programs: the rights that a subject may have been given.

use crate::text_enum;

text_enum! {
    /// A role given to an account by a role assignment.
    pub enum Role {
        /// HR performance administrator (人力资源管理员).
        HrAdmin = "hr_admin",
        /// HR business partner of named units and all units below them.
        Hrbp = "hrbp",
        /// Senior management (高层管理者).
        Executive = "executive",
        /// Read-only access to everything except pay, including the audit log.
        Auditor = "auditor",
        /// Compensation officer (薪酬).
        Comp = "comp",
        /// Finance (财务).
        Finance = "finance",
        /// Member of the performance committee (绩效管理委员会).
        Committee = "committee",
    }
}

impl Role {
    /// Whether holders of the role decide about others. Only employees can hold such a role, and
    /// the credential of the account must come from the command line.
    pub fn decides(self) -> bool {
        match self {
            Role::HrAdmin | Role::Executive | Role::Comp | Role::Finance | Role::Committee => true,
            Role::Hrbp | Role::Auditor => false,
        }
    }

    /// Whether only employees can hold the role. Only auditors may come from outside.
    pub fn needs_employee(self) -> bool {
        self != Role::Auditor
    }

    /// Whether the credential of an account with this role must be known to its owner only; the API
    /// therefore never shows a credential for it.
    pub fn guards_credential(self) -> bool {
        self.decides() || self == Role::Auditor
    }
}

text_enum! {
    /// What an API key may be used for.
    pub enum Scope {
        /// Read units, positions and employees.
        PeopleRead = "people:read",
        /// Create and change units, positions and employees.
        PeopleWrite = "people:write",
        /// Read the events feed.
        EventsRead = "events:read",
        /// Read policies, cycles, goals and released reviews.
        PerformanceRead = "performance:read",
        /// Write goals and measurements.
        PerformanceWrite = "performance:write",
        /// Export ratings.
        RatingsExport = "ratings:export",
    }
}
