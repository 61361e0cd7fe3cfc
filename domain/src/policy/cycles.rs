//! Access rules for performance policies, cycles and participants.

use super::Scope;
use super::action::Action as A;
use super::rule::{Mask, Noun, RELEASED, SUBMITTED_ON, Who, by_key, to};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[POLICY, CYCLE, PARTICIPANT, WEIGHT_ADJUSTMENT];

/// Versions of the performance policy: everybody may read published versions, but not drafts.
const POLICY: Noun = Noun {
    reading: A::PolicyRead,
    records: &[("policy", A::PolicyRead)],
    actions: &[
        (
            A::PolicyRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("standards", Who::Colleague, Mask::Full).during(RELEASED),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
            ],
        ),
        (A::PolicyWrite, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
    ],
};

/// Cycles.
const CYCLE: Noun = Noun {
    reading: A::CycleRead,
    records: &[("cycle", A::CycleRead)],
    actions: &[
        (
            A::CycleRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("cycles", Who::Colleague, Mask::Directory).during(SUBMITTED_ON),
                to("hrbp-cycles", Who::Hrbp, Mask::Full).during(SUBMITTED_ON),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
            ],
        ),
        (A::CycleWrite, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
        (
            A::CyclePropose,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
            ],
        ),
        (
            A::CycleApprove,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
            ],
        ),
        (
            A::DistributionRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
            ],
        ),
    ],
};

/// Participants of a cycle.
const PARTICIPANT: Noun = Noun {
    reading: A::ParticipantRead,
    records: &[("participant", A::ParticipantRead)],
    actions: &[
        (
            A::ParticipantRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                to("chain-goals", Who::ChainManager, Mask::Full),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
            ],
        ),
        (A::ParticipantWrite, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
    ],
};

/// Requests of departments for their own weights. Only the requester sees a draft.
const WEIGHT_ADJUSTMENT: Noun = Noun {
    reading: A::WeightAdjustmentRead,
    records: &[("weight_adjustment", A::WeightAdjustmentRead)],
    actions: &[
        (
            A::WeightAdjustmentRead,
            &[
                to("own-request", Who::Myself, Mask::Full),
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
            ],
        ),
        (
            A::WeightAdjustmentWrite,
            &[
                to("own-request", Who::Myself, Mask::Full),
                to("department-head", Who::ResponsibleManager, Mask::Full),
            ],
        ),
        (A::WeightAdjustmentReview, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
    ],
};
