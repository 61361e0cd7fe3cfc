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

/// Short form for default values: `decimal(2, 2)` is 0.02.
fn decimal(mantissa: i64, scale: u32) -> Exact {
    Exact::scaled(mantissa, scale)
}

/// Short form for whole default values.
fn whole(value: i64) -> Exact {
    Exact::from(value)
}

section! {
    /// `score.*`: rounding and the grade scale (0.2, 0.3).
    ScoreSettings {
        /// How halves are rounded.
        rounding: Rounding = Rounding::HalfUp,
        /// Which numbers are rounded.
        round_stage: RoundStage = RoundStage::ItemAndTotal,
        /// The preset grade scale.
        preset: Preset = Preset::Target100,
        /// A grade scale of the policy itself, which replaces the preset.
        scale: Option<Scale> = None,
    }
}

section! {
    /// `kpi.*`: indicator scores and their total (part B). Scores are in points.
    KpiSettings {
        /// Lowest score, in points.
        floor: Exact = whole(0),
        /// Highest score, in points; the cap of the scale limits scores as well.
        cap: Exact = whole(120),
        /// Factor for the part of a ratio score above 100.
        over_rate: Exact = whole(1),
        /// Start point: ratio scores below it become 0 (起算点); off when absent.
        min_achievement: Option<Exact> = None,
        /// How a negative target is scored.
        negative_target: NegativeTarget = NegativeTarget::Deviation,
        /// How the ratio method scores an indicator for which lower is better.
        reverse_variant: ReverseVariant = ReverseVariant::Linear,
        /// Score of values below the threshold, the first point.
        threshold_below: ThresholdBelow = ThresholdBelow::Zero,
        /// How an incomplete step counts.
        step_partial: StepPartial = StepPartial::Floor,
        /// Share of its credit that a milestone loses per day late, 0 to 1.
        late_per_day: Exact = decimal(2, 2),
        /// Least credit of a late milestone, 0 to 1.
        late_floor: Exact = decimal(5, 1),
        /// Whether an unfinished milestone may earn credit for its percentage.
        milestone_partial: bool = false,
        /// What happens when an indicator has no actual value.
        missing_actual: MissingActual = MissingActual::Block,
        /// Most points that bonus items may add to a total.
        bonus_max: Exact = whole(10),
        /// Most points that deduction items may take from a total.
        deduct_max: Exact = whole(10),
        /// What a confirmed veto does.
        veto_effect: VetoEffect = VetoEffect::CapGrade,
        /// The best grade that a veto with `cap_grade` allows.
        veto_grade: Grade = Grade::D,
        /// The highest score that a veto with `cap_score` allows, in points.
        veto_score: Exact = whole(60),
        /// Which target counts if it changed during the period.
        target_change: TargetChange = TargetChange::LatestApproved,
        /// A segment of fewer days joins a neighbouring segment.
        min_segment_days: u32 = 30,
    }
}

section! {
    /// `goal.*`: number, weight and alignment of goals (B.9, C.4).
    GoalSettings {
        /// Number of goals on one form.
        count: Span<u32> = Span { min: 3, max: 8 },
        /// Weight of one goal in percent.
        weight: Span<Exact> = Span { min: whole(5), max: whole(60) },
        /// Least coverage of a parent's target by its children, in percent.
        coverage_min: Exact = whole(100),
        /// What happens to a goal without a parent goal.
        align_required: Enforce = Enforce::Warn,
    }
}

section! {
    /// `smart.*`: the SMART check of a goal (C.6).
    SmartSettings {
        /// What a failed check does.
        enforce: Enforce = Enforce::Warn,
        /// Verbs that are too vague without a target.
        vague_verbs: Vec<String> = [
            "提高", "加强", "优化", "改善", "improve", "enhance", "better",
        ].map(String::from).to_vec(),
        /// Relative change from the baseline above which a target is unrealistic; 1 means 100 %.
        hard: Exact = whole(1),
    }
}

section! {
    /// `okr.*`: objectives and key results (part C).
    OkrSettings {
        /// Which progress a parent objective shows.
        rollup: Rollup = Rollup::Own,
        /// Weight of a goal's own progress in `blend`, 0 to 1.
        blend_alpha: Exact = decimal(5, 1),
        /// How progress of a maintain key result is computed.
        maintain: Maintain = Maintain::ShareOfPeriods,
        /// Whether OKR progress becomes a score.
        in_review: OkrInReview = OkrInReview::Off,
    }
}

section! {
    /// `feasibility.*`: the capacity check of a plan (C.7).
    FeasibilitySettings {
        /// Share of working time that is available for the plan, 0 to 1.
        availability: Exact = decimal(8, 1),
        /// Utilisation above which a plan is tight, in percent.
        tight_pct: Exact = whole(85),
    }
}

section! {
    /// `weights.*`: dimension weights of a department (C.8).
    WeightSettings {
        /// Largest allowed difference from the framework, in percentage points.
        max_pp: Exact = whole(10),
    }
}

section! {
    /// `review.*`: the composite score of a review (part D).
    ReviewSettings {
        /// Least number of ratings of an anonymous rater type; with fewer it is neither shown nor
        /// used. At least 3.
        anonymity_min: u32 = 3,
        /// What happens to anonymous rater types with fewer ratings.
        small_category: SmallCategory = SmallCategory::Exclude,
        /// How extreme ratings within one rater type are treated.
        trim: Trim = Trim::DropExtremes,
        /// Least number of ratings for dropping extremes.
        trim_min_n: u32 = 5,
        /// Least weight of the raters who rated, for a dimension to count, in percent.
        min_weight_share: Exact = whole(50),
        /// Whether the manager's manager must confirm the rating.
        second_review: bool = false,
        /// Whether ratings of partners in other departments are anonymous; named ones need no
        /// minimum.
        cross_dept_anonymous: bool = true,
        /// In how many of every two months records of the process are needed, 1 or 2.
        process_months: u32 = 1,
    }
}

section! {
    /// `manager.*`: the result of people with a team (D.4).
    ManagerSettings {
        /// Weight of the team's mean KPI total in the manager's result, 0 to 1.
        team_lambda: Exact = decimal(2, 1),
    }
}

section! {
    /// `dist.*`: the distribution of grades (E.1-E.3).
    DistributionSettings {
        /// How quotas limit the distribution.
        mode: DistributionMode = DistributionMode::Guideline,
        /// Target share of each grade in percent.
        shares: PerGrade<Exact> = PerGrade::new([10, 20, 50, 15, 5].map(Exact::from)),
        /// Least number of people for a group to have quotas of its own.
        min_group: u32 = 10,
        /// Allowed deviation of a grade from its quota, in percent of the people of the group.
        tolerance_pp: Exact = whole(5),
        /// Whether shares depend on the grade of the department.
        link_dept_grade: bool = false,
        /// What happens to people who are tied across a grade boundary.
        tie: DistributionTie = DistributionTie::Flag,
        /// Least number of records in a count shown to readers who may not read the records
        /// themselves; at least 3.
        min_shown: u32 = 5,
    }
}

section! {
    /// `fair.*`: fairness analytics (part F).
    FairSettings {
        /// On which figure leniency of raters is measured.
        basis: FairBasis = FairBasis::KpiResidual,
        /// Least share of ratees with a KPI total for using `kpi_residual`, 0 to 1.
        basis_share: Exact = decimal(8, 1),
        /// Least number of ratings of a rater, or of people in a group, for a figure to be
        /// computed.
        min_n: u32 = 5,
        /// Distance from the grand mean, in standard errors, from which a rater is lenient or
        /// severe.
        rater_z: Exact = whole(2),
        /// Least size of a rater's effect for a flag, in standard deviations within raters.
        rater_effect: Exact = decimal(5, 1),
        /// Share of ratings on the midpoint from which a rater shows central tendency, 0 to 1.
        central_share: Exact = decimal(75, 2),
        /// Standard deviation relative to that of all raters up to which a rater shows central
        /// tendency.
        central_spread: Exact = decimal(5, 1),
        /// Share of ratees with equal ratings in all dimensions from which a halo is flagged, 0 to
        /// 1.
        halo_share: Exact = decimal(6, 1),
        /// Mean standard deviation within a ratee's ratings below which a halo is flagged.
        halo_spread: Exact = decimal(25, 2),
        /// Last part of the period in which evidence counts as recent, as a share of the period.
        recency_tail: Exact = decimal(2, 1),
        /// Share of recent evidence from which recency is flagged, 0 to 1.
        recency_share: Exact = decimal(5, 1),
        /// p below which recency is flagged.
        recency_p: Exact = decimal(1, 2),
        /// KPI total from which the target is met, in points.
        meets: Exact = whole(90),
        /// Least share of people below target for a department to be lenient, 0 to 1.
        lenient_low: Exact = decimal(5, 1),
        /// Least share of grades S and A for such a department to be lenient, 0 to 1.
        lenient_top: Exact = decimal(5, 1),
        /// Largest share of people below target for a department to be severe, 0 to 1.
        severe_low: Exact = decimal(3, 1),
        /// Largest share of grades S and A for such a department to be severe, 0 to 1.
        severe_top: Exact = decimal(5, 2),
        /// Least share of grades C and D for such a department to be severe, 0 to 1.
        severe_bottom: Exact = decimal(5, 1),
        /// Difference between a department's z in grades and its z in KPI totals that is flagged.
        gap_z: Exact = decimal(15, 1),
        /// tau-b of KPI total and grade below which their link is weak.
        weak_link: Exact = decimal(3, 1),
        /// Percentage points below the organisation from which a survey result is flagged.
        survey_pp: Exact = whole(15),
        /// Multiple of the organisation's appeal rate from which a department is flagged.
        appeal_ratio: Exact = whole(2),
        /// Least number of appeals for an appeal rate to be flagged.
        appeal_min: u32 = 3,
    }
}

section! {
    /// `risk.*`: warnings (part G).
    RiskSettings {
        /// SPI from which a goal is green.
        spi_green: Exact = decimal(90, 2),
        /// SPI from which a goal is yellow.
        spi_yellow: Exact = decimal(75, 2),
        /// SPI from which a goal is orange; below it is red.
        spi_orange: Exact = decimal(50, 2),
        /// Projected final progress from which a goal is green, 0 to 1.
        pf_green: Exact = decimal(95, 2),
        /// Projected final progress from which a goal is yellow, 0 to 1.
        pf_yellow: Exact = decimal(80, 2),
        /// Projected final progress from which a goal is orange, 0 to 1; below it is red.
        pf_orange: Exact = decimal(60, 2),
        /// Number of days after the start without a warning.
        grace_days: u32 = 7,
        /// Share of the period without a warning, in percent.
        grace_pct: Exact = whole(10),
        /// Share of the period after which pace is computed, in percent.
        pace_after_pct: Exact = whole(25),
        /// Number of days over which recent pace is measured.
        recent_days: u32 = 14,
        /// Days between check-ins of an objective.
        okr_cadence_days: u32 = 7,
        /// Number of days before its due date from which a task is upcoming.
        task_upcoming_days: u32 = 3,
        /// Number of days late up to which a task is yellow.
        task_yellow_days: u32 = 3,
        /// Number of days late up to which a task is orange; above it is red.
        task_orange_days: u32 = 7,
        /// Number of days after which the same warning is sent again.
        repeat_days: u32 = 7,
        /// Number of better evaluations in a row that lower a level.
        better_evaluations: u32 = 2,
    }
}

section! {
    /// `appeal.*`: appeals (D.6). Times in working days.
    AppealSettings {
        /// Time to appeal after publication.
        window_workdays: u32 = 7,
        /// Time to appeal after an interview that was held in time, if that ends later.
        after_interview_workdays: u32 = 5,
        /// Time to reply to an appeal.
        reply_workdays: u32 = 5,
        /// Time to appeal against the decision, to the second instance (复议).
        second_window_workdays: u32 = 5,
        /// Time for the committee to decide.
        committee_workdays: u32 = 10,
        /// Whether an appeal can never make a result worse.
        no_reformatio: bool = true,
    }
}

section! {
    /// `interview.*`: performance interviews (D.6).
    InterviewSettings {
        /// Working days after publication within which the interview is due.
        due_workdays: u32 = 10,
    }
}

section! {
    /// `pip.*`: PIPs (绩效改进计划; D.6, H.5).
    PipSettings {
        /// Length of a PIP in days, 30 to 90.
        days: u32 = 60,
    }
}

section! {
    /// `bonus.*`: bonuses (H.1).
    BonusSettings {
        /// How the pool is paid.
        mode: BonusMode = BonusMode::CapOnly,
        /// On how many levels the pool is split.
        allocation: BonusAllocation = BonusAllocation::SingleLevel,
        /// Share of the pool kept for open appeals, in percent.
        reserve_pct: Exact = whole(0),
        /// What a person gets who is not rated.
        not_rated: BonusNotRated = BonusNotRated::ProratedB,
        /// Factor by the grade of the person.
        k_grade: PerGrade<Exact> =
            PerGrade::new([decimal(15, 1), decimal(12, 1), whole(1), decimal(6, 1), whole(0)]),
        /// Factor by the grade of the department.
        k_org: PerGrade<Exact> = PerGrade::new([12, 11, 10, 9, 8].map(|k| decimal(k, 1))),
    }
}

section! {
    /// `leave.*`: what leave does to targets (K2).
    LeaveSettings {
        /// Kinds of leave that prorate targets and never lower a grade.
        protected: Vec<String> = vec!["maternity".into()],
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
        /// `leave.*`
        leave: LeaveSettings = LeaveSettings::default(),
    }
}
