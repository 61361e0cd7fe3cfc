//! Access rules for goals.

use super::Scope;
use super::action::Action as A;
use super::rule::{CALIBRATION, Mask, Noun, Who, by_key, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[GOAL, DEPENDENCY];

/// Goals, with their check-ins, measurements and changes.
const GOAL: Noun = Noun {
    reading: A::GoalRead,
    records: &[
        ("goal", A::GoalRead),
        ("goal_change", A::GoalRead),
        ("check_in", A::GoalRead),
        ("measurement", A::GoalRead),
    ],
    actions: &[
        (
            A::GoalRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                to("chain-goals", Who::ChainManager, Mask::Full),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
                by_key(
                    "scope-performance-write",
                    Scope::PerformanceWrite,
                    Who::Service,
                    Mask::Full,
                ),
            ],
        ),
        (
            A::GoalWrite,
            &[
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                by_key(
                    "scope-performance-write",
                    Scope::PerformanceWrite,
                    Who::Service,
                    Mask::Full,
                ),
            ],
        ),
        (
            A::GoalImport,
            &[
                // Drafts bind nobody before both sides have signed them.
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                by_key(
                    "scope-performance-write",
                    Scope::PerformanceWrite,
                    Who::Service,
                    Mask::Full,
                ),
            ],
        ),
        (A::GoalSubmit, &[to("own-goals", Who::Myself, Mask::Full)]),
        (
            A::GoalApprove,
            &[
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
            ],
        ),
        (A::GoalDecide, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
        (
            A::CheckInWrite,
            &[
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
            ],
        ),
        (
            A::MeasurementWrite,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                by_key(
                    "scope-performance-write",
                    Scope::PerformanceWrite,
                    Who::Service,
                    Mask::Full,
                ),
            ],
        ),
        (
            A::ReportWithdraw,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("own-report", Who::OwnAuthor, Mask::Full),
                to("reported", Who::Author, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
            ],
        ),
    ],
};

/// What goals need from each other.
const DEPENDENCY: Noun = Noun {
    reading: A::DependencyRead,
    records: &[("dependency", A::DependencyRead)],
    actions: &[
        (
            A::DependencyRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("own-goals", Who::Myself, Mask::Full),
                to("partner", Who::Partner, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                to("chain-goals", Who::ChainManager, Mask::Full),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
            ],
        ),
        (A::DependencyWrite, &[to("own-goals", Who::Myself, Mask::Full)]),
        (A::DependencyAnswer, &[to("partner", Who::Partner, Mask::Full)]),
    ],
};
