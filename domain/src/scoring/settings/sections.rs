//! Every setting with its default, section by section.

use super::Span;
use super::alternatives::*;
use crate::core::number::{Exact, Rounding};
use crate::scoring::scale::{Grade, PerGrade, Preset, Scale};
use serde::{Deserialize, Serialize};

/// Declares a section of the register with the default of each field.
macro_rules! section {
    ($(#[$meaning:meta])* $name:ident {
        $($(#[$field_meaning:meta])* $field:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[$meaning])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meaning])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default,)* }
            }
        }
    };
}

/// Shorthand for defaults: `decimal(2, 2)` is 0.02.
fn decimal(mantissa: i64, scale: u32) -> Exact {
    Exact::scaled(mantissa, scale)
}

/// Shorthand for defaults that are whole.
fn whole(value: i64) -> Exact {
    Exact::from(value)
}

section! {
    /// `score.*`: rounding and the grade scale (0.2, 0.3).
    ScoreSettings {
        /// How ties are rounded.
        rounding: Rounding = Rounding::HalfUp,
        /// Where scores are rounded.
        round_stage: RoundStage = RoundStage::ItemAndTotal,
        /// The ready-made scale.
        preset: Preset = Preset::Target100,
        /// A scale of the policy's own instead of the preset.
        scale: Option<Scale> = None,
    }
}

section! {
    /// `kpi.*`: indicator scores and their total (part B). Scores in points.
    KpiSettings {
        /// Lowest score.
        floor: Exact = whole(0),
        /// Highest score; the cap of the scale holds as well.
        cap: Exact = whole(120),
        /// Share of the part above 100 that counts in ratio methods.
        over_rate: Exact = whole(1),
        /// Ratio scores below this become 0 (起算点); off when absent.
        min_achievement: Option<Exact> = None,
        /// How a negative target is scored.
        negative_target: NegativeTarget = NegativeTarget::Deviation,
        /// How "lower is better" is scored.
        reverse_variant: ReverseVariant = ReverseVariant::Linear,
        /// What lies below the threshold of a piecewise score.
        threshold_below: ThresholdBelow = ThresholdBelow::Zero,
        /// What an incomplete step counts.
        step_partial: StepPartial = StepPartial::Floor,
        /// Credit a milestone loses per day late, 0 to 1.
        late_per_day: Exact = decimal(2, 2),
        /// Credit a late milestone keeps at least, 0 to 1.
        late_floor: Exact = decimal(5, 1),
        /// Whether an unfinished milestone may earn its percentage.
        milestone_partial: bool = false,
        /// What a missing actual means for the total.
        missing_actual: MissingActual = MissingActual::Block,
        /// Most points that bonus items add to a total.
        bonus_max: Exact = whole(10),
        /// Most points that deduction items take from a total.
        deduct_max: Exact = whole(10),
        /// What a confirmed veto does.
        veto_effect: VetoEffect = VetoEffect::CapGrade,
        /// The best grade under a veto that caps the grade.
        veto_grade: Grade = Grade::D,
        /// The highest score under a veto that caps the score.
        veto_score: Exact = whole(60),
        /// Which target counts when it changed during the period.
        target_change: TargetChange = TargetChange::LatestApproved,
        /// Segments of fewer days join a neighbour.
        min_segment_days: u32 = 30,
    }
}

section! {
    /// `goal.*`: shape of a form (B.9, C.4).
    GoalSettings {
        /// Indicators on one form.
        count: Span<u32> = Span { min: 3, max: 8 },
        /// Weight of one indicator in percent.
        weight: Span<Exact> = Span { min: whole(5), max: whole(60) },
        /// Coverage of a parent's target by its children that is enough, in percent.
        coverage_min: Exact = whole(100),
        /// Whether a goal must be aligned with a parent.
        align_required: Enforce = Enforce::Warn,
    }
}

section! {
    /// `smart.*`: the check of a goal's wording and challenge (C.6).
    SmartSettings {
        /// Whether a failed check stops a submission.
        enforce: Enforce = Enforce::Warn,
        /// Verbs that say nothing without a target.
        vague_verbs: Vec<String> = [
            "提高", "加强", "优化", "改善", "improve", "enhance", "better",
        ].map(String::from).to_vec(),
        /// Relative change above which a target is unrealistic; 1 is 100 %.
        hard: Exact = whole(1),
    }
}

section! {
    /// `okr.*`: objectives and key results (part C).
    OkrSettings {
        /// Whose progress a parent objective shows.
        rollup: Rollup = Rollup::Own,
        /// Share of the own progress in a blend, 0 to 1.
        blend_alpha: Exact = decimal(5, 1),
        /// How a key result that keeps a level is judged.
        maintain: Maintain = Maintain::ShareOfPeriods,
        /// Whether progress becomes a score.
        in_review: OkrInReview = OkrInReview::Off,
    }
}

section! {
    /// `feasibility.*`: the capacity check of a plan (C.7).
    FeasibilitySettings {
        /// Share of working time that is available, 0 to 1.
        availability: Exact = decimal(8, 1),
        /// Utilisation in percent above which a plan is tight.
        tight_pct: Exact = whole(85),
    }
}

section! {
    /// `weights.*`: a department's own weights (C.8).
    WeightSettings {
        /// Largest difference from the framework in percentage points.
        max_pp: Exact = whole(10),
    }
}

section! {
    /// `review.*`: the composite of a review (part D).
    ReviewSettings {
        /// Ratings an anonymous type needs to be shown and used; at least 3.
        anonymity_min: u32 = 3,
        /// What happens to types with fewer.
        small_category: SmallCategory = SmallCategory::Exclude,
        /// How extreme ratings inside a type are treated.
        trim: Trim = Trim::DropExtremes,
        /// Ratings from which extremes are dropped.
        trim_min_n: u32 = 5,
        /// Rater weight that must remain for a dimension, in percent.
        min_weight_share: Exact = whole(50),
        /// Whether the manager's manager reviews as well.
        second_review: bool = false,
    }
}

section! {
    /// `manager.*`: the result of people with a team (D.4).
    ManagerSettings {
        /// Share of the team's mean KPI total in the manager's result, 0 to 1.
        team_lambda: Exact = decimal(2, 1),
    }
}

section! {
    /// `dist.*`: the distribution of grades (E.1-E.3).
    DistributionSettings {
        /// How the distribution is steered.
        mode: DistributionMode = DistributionMode::Guideline,
        /// Target share of each grade in percent.
        shares: PerGrade<Exact> = PerGrade::new([10, 20, 50, 15, 5].map(Exact::from)),
        /// People from which a group has quotas of its own.
        min_group: u32 = 10,
        /// Deviation per grade that passes, in percentage points of the group.
        tolerance_pp: Exact = whole(5),
        /// Whether shares follow the department's grade.
        link_dept_grade: bool = false,
        /// What a tie across a grade boundary becomes.
        tie: DistributionTie = DistributionTie::Flag,
        /// Records from which a count over them is shown to who may not read them; never under 3.
        min_shown: u32 = 5,
    }
}

section! {
    /// `fair.*`: fairness analytics (part F).
    FairSettings {
        /// What rater leniency is measured on.
        basis: FairBasis = FairBasis::KpiResidual,
        /// Share of ratees with a KPI total from which the residual basis is used.
        basis_share: Exact = decimal(8, 1),
        /// Raters with fewer ratings, and smaller groups of people, get no figure.
        min_n: u32 = 5,
        /// Standard errors from the grand mean at which a rater is lenient or severe.
        rater_z: Exact = whole(2),
        /// Size of a rater's effect, in standard deviations, that a flag needs as well.
        rater_effect: Exact = decimal(5, 1),
        /// Share of ratings on the midpoint from which a rater keeps to the middle.
        central_share: Exact = decimal(75, 2),
        /// Spread relative to all raters up to which a rater keeps to the middle.
        central_spread: Exact = decimal(5, 1),
        /// Share of people with one rating in all dimensions from which there is a halo.
        halo_share: Exact = decimal(6, 1),
        /// Mean spread inside one person's ratings below which there is a halo.
        halo_spread: Exact = decimal(25, 2),
        /// Last part of the period whose evidence counts as recent.
        recency_tail: Exact = decimal(2, 1),
        /// Share of recent evidence from which a review is recency-biased.
        recency_share: Exact = decimal(5, 1),
        /// Probability below which the share of recent evidence is no chance.
        recency_p: Exact = decimal(1, 2),
        /// KPI total that meets the target.
        meets: Exact = whole(90),
        /// Share of people below target from which high grades contradict the results.
        lenient_low: Exact = decimal(5, 1),
        /// Share of S and A grades that then makes a department lenient.
        lenient_top: Exact = decimal(5, 1),
        /// Share of people below target up to which low grades contradict the results.
        severe_low: Exact = decimal(3, 1),
        /// Share of S and A grades up to which such a department can be severe.
        severe_top: Exact = decimal(5, 2),
        /// Share of C and D grades from which it is severe.
        severe_bottom: Exact = decimal(5, 1),
        /// Distance between a department's standing in grades and in KPI that is flagged.
        gap_z: Exact = decimal(15, 1),
        /// Rank correlation of KPI and grades below which their link is weak.
        weak_link: Exact = decimal(3, 1),
        /// Percentage points below the organisation at which a survey result is flagged.
        survey_pp: Exact = whole(15),
        /// Multiple of the organisation's appeal rate that is flagged.
        appeal_ratio: Exact = whole(2),
        /// Appeals below which no appeal rate is flagged.
        appeal_min: u32 = 3,
    }
}

section! {
    /// `risk.*`: warnings (part G).
    RiskSettings {
        /// Schedule performance from which a goal is green.
        spi_green: Exact = decimal(90, 2),
        /// Schedule performance from which a goal is yellow.
        spi_yellow: Exact = decimal(75, 2),
        /// Schedule performance from which a goal is orange.
        spi_orange: Exact = decimal(50, 2),
        /// Projected final progress from which a goal is green.
        pf_green: Exact = decimal(95, 2),
        /// Projected final progress from which a goal is yellow.
        pf_yellow: Exact = decimal(80, 2),
        /// Projected final progress from which a goal is orange.
        pf_orange: Exact = decimal(60, 2),
        /// Days after the start without a warning.
        grace_days: u32 = 7,
        /// Share of the period without a warning, in percent.
        grace_pct: Exact = whole(10),
        /// Share of the period from which pace is judged, in percent.
        pace_after_pct: Exact = whole(25),
        /// Days that count as the recent past.
        recent_days: u32 = 14,
        /// Days between check-ins of an objective.
        okr_cadence_days: u32 = 7,
        /// Days before a task is due in which it is upcoming.
        task_upcoming_days: u32 = 3,
        /// Days late up to which a task is yellow.
        task_yellow_days: u32 = 3,
        /// Days late up to which a task is orange.
        task_orange_days: u32 = 7,
        /// Days after which the same warning is repeated.
        repeat_days: u32 = 7,
        /// Better evaluations in a row that lower a level.
        better_evaluations: u32 = 2,
    }
}

section! {
    /// `appeal.*`: appeals (D.6). Times in working days.
    AppealSettings {
        /// Time to file after publication.
        window_workdays: u32 = 7,
        /// Time to answer.
        reply_workdays: u32 = 5,
        /// Time to go to the second instance.
        second_window_workdays: u32 = 5,
        /// Time of the committee.
        committee_workdays: u32 = 10,
        /// Whether an appeal can never make a result worse.
        no_reformatio: bool = true,
    }
}

section! {
    /// `interview.*`: interviews (D.6).
    InterviewSettings {
        /// Working days after publication in which the interview is due.
        due_workdays: u32 = 10,
    }
}

section! {
    /// `pip.*`: improvement plans (D.6, H.5).
    PipSettings {
        /// Days a plan runs, 30 to 90.
        days: u32 = 60,
    }
}

section! {
    /// `bonus.*`: bonuses (H.1).
    BonusSettings {
        /// How a pool is paid.
        mode: BonusMode = BonusMode::CapOnly,
        /// Through how many levels it is split.
        allocation: BonusAllocation = BonusAllocation::SingleLevel,
        /// Share of the pool held back for open appeals, in percent.
        reserve_pct: Exact = whole(0),
        /// Factor of each personal grade.
        k_grade: PerGrade<Exact> =
            PerGrade::new([decimal(15, 1), decimal(12, 1), whole(1), decimal(6, 1), whole(0)]),
        /// Factor of each department grade.
        k_org: PerGrade<Exact> = PerGrade::new([12, 11, 10, 9, 8].map(|k| decimal(k, 1))),
    }
}

section! {
    /// Every setting of a policy version. Implements part I.
    Settings {
        /// `score.*`
        score: ScoreSettings = ScoreSettings::default(),
        /// `kpi.*`
        kpi: KpiSettings = KpiSettings::default(),
        /// `goal.*`
        goal: GoalSettings = GoalSettings::default(),
        /// `smart.*`
        smart: SmartSettings = SmartSettings::default(),
        /// `okr.*`
        okr: OkrSettings = OkrSettings::default(),
        /// `feasibility.*`
        feasibility: FeasibilitySettings = FeasibilitySettings::default(),
        /// `weights.*`
        weights: WeightSettings = WeightSettings::default(),
        /// `review.*`
        review: ReviewSettings = ReviewSettings::default(),
        /// `manager.*`
        manager: ManagerSettings = ManagerSettings::default(),
        /// `dist.*`
        dist: DistributionSettings = DistributionSettings::default(),
        /// `fair.*`
        fair: FairSettings = FairSettings::default(),
        /// `risk.*`
        risk: RiskSettings = RiskSettings::default(),
        /// `appeal.*`
        appeal: AppealSettings = AppealSettings::default(),
        /// `interview.*`
        interview: InterviewSettings = InterviewSettings::default(),
        /// `pip.*`
        pip: PipSettings = PipSettings::default(),
        /// `bonus.*`
        bonus: BonusSettings = BonusSettings::default(),
    }
}
