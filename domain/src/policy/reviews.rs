//! Access rules for reviews, calibration sessions and moves.

use super::Scope;
use super::action::Action as A;
use super::rule::{
    CALIBRATION, DRAFT, Mask, Noun, RELEASED, SUBMITTED, SUBMITTED_ON, Who, by_key, to,
};

/// The nouns of the area.
pub(super) const NOUNS: &[Noun] = &[REVIEW, CALIBRATION_SESSION, MOVE];

/// Reviews: self-review, rating and result.
const REVIEW: Noun = Noun {
    reading: A::ReviewRead,
    // What is written, computed and moved in a review belongs to the rating.
    records: &[("review", A::RatingRead)],
    actions: &[
        (
            A::ReviewRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("hrbp-cycle", Who::Hrbp, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("own-goals", Who::Myself, Mask::Full),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-goals", Who::DirectManager, Mask::Full),
                to("chain-goals", Who::ChainManager, Mask::Full),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
                by_key("scope-performance-read", Scope::PerformanceRead, Who::Service, Mask::Full),
            ],
        ),
        (
            A::SelfReviewRead,
            &[
                to("executive-results", Who::Executive, Mask::Full).during(RELEASED),
                to("own-goals", Who::Myself, Mask::Full),
                to("self-review-handed-in", Who::ResponsibleManager, Mask::Full)
                    .during(SUBMITTED_ON),
                to("line-manager-results", Who::DirectManager, Mask::Full).during(RELEASED),
                to("second-level", Who::SkipLevel, Mask::Full).during(SUBMITTED_ON),
                to("handed-in-reviews", Who::HrAdmin, Mask::Full).during(SUBMITTED_ON),
                to("handed-in-reviews-hrbp", Who::Hrbp, Mask::Full).during(SUBMITTED_ON),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
                by_key(
                    "scope-performance-read-results",
                    Scope::PerformanceRead,
                    Who::Service,
                    Mask::Full,
                )
                .during(RELEASED),
            ],
        ),
        (A::SelfReviewWrite, &[to("own-self-review", Who::Myself, Mask::Full).during(DRAFT)]),
        (
            A::RatingRead,
            &[
                to("executive-results", Who::Executive, Mask::Full).during(RELEASED),
                to("own-result", Who::Myself, Mask::Full).during(RELEASED),
                to("responsible-manager", Who::ResponsibleManager, Mask::Full),
                to("line-manager-results", Who::DirectManager, Mask::Full).during(RELEASED),
                to("second-level", Who::SkipLevel, Mask::Full).during(SUBMITTED_ON),
                to("handed-in-reviews", Who::HrAdmin, Mask::Full).during(SUBMITTED_ON),
                to("handed-in-reviews-hrbp", Who::Hrbp, Mask::Full).during(SUBMITTED_ON),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
                by_key(
                    "scope-performance-read-results",
                    Scope::PerformanceRead,
                    Who::Service,
                    Mask::Full,
                )
                .during(RELEASED),
            ],
        ),
        (
            A::RatingWrite,
            &[to("responsible-manager-rates", Who::ResponsibleManager, Mask::Full).during(DRAFT)],
        ),
        (
            A::RatingPreview,
            &[to("responsible-manager-rates", Who::ResponsibleManager, Mask::Full).during(DRAFT)],
        ),
        (
            A::RatingConfirm,
            &[to("second-level-confirms", Who::SkipLevel, Mask::Full).during(SUBMITTED)],
        ),
        (A::ReviewSteer, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
        (A::ReviewAnswer, &[to("own-goals", Who::Myself, Mask::Full)]),
        (
            A::RatingExport,
            &[
                // An export shows of each review what reading it would show: of a draft, only that
                // it is one.
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("own-result", Who::Myself, Mask::Full).during(RELEASED),
                to("ratings-file", Who::HrAdmin, Mask::Full).during(SUBMITTED_ON),
                to("ratings-file-hrbp", Who::Hrbp, Mask::Full).during(SUBMITTED_ON),
                to("drafts-file", Who::HrAdmin, Mask::Metadata).during(DRAFT),
                to("drafts-file-hrbp", Who::Hrbp, Mask::Metadata).during(DRAFT),
                by_key("scope-ratings-export", Scope::RatingsExport, Who::Service, Mask::Full)
                    .during(RELEASED),
            ],
        ),
    ],
};

/// Calibration sessions.
const CALIBRATION_SESSION: Noun = Noun {
    reading: A::CalibrationSessionRead,
    records: &[("calibration_session", A::CalibrationSessionRead)],
    actions: &[
        (
            A::CalibrationSessionRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("executive-cycle", Who::Executive, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
            ],
        ),
        (
            // Senior management may read the session, but not the single grades in it: it sees
            // counts as of the last renewal, in the distribution of the cycle.
            A::CalibrationSessionDistribution,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
            ],
        ),
        (A::CalibrationSessionWrite, &[to("hr-admin-cycle", Who::HrAdmin, Mask::Full)]),
        (A::CalibrationSessionOverride, &[to("executive-cycle", Who::Executive, Mask::Full)]),
        (A::MovePropose, &[to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION)]),
    ],
};

/// Moves of grades in a calibration session.
const MOVE: Noun = Noun {
    reading: A::MoveRead,
    records: &[("move", A::MoveRead)],
    actions: &[
        (
            A::MoveRead,
            &[
                to("hr-admin-cycle", Who::HrAdmin, Mask::Full),
                to("auditor-cycle", Who::Auditor, Mask::Metadata),
                to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION),
            ],
        ),
        (A::MoveWrite, &[to("calibrator", Who::Calibrator, Mask::Full).during(CALIBRATION)]),
    ],
};
