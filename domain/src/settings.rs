//! The settings register of a policy version.
//!
//! Implements part I. A setting's name is its path: `kpi.cap` is the field `cap` of
//! [`Settings::kpi`]. Everything has a default, so a policy stores only what it changes.

use crate::error::{Code, DomainError, Result};
use crate::number::{Exact, Rounding};
use crate::scale::{Grade, PerGrade, Preset, Scale};
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Declares an enum of published alternatives; the first one is the default.
macro_rules! alternatives {
    ($($(#[$meaning:meta])* $name:ident {
        $(#[$first_meaning:meta])* $first:ident,
        $($(#[$other_meaning:meta])* $other:ident,)*
    })*) => {$(
        $(#[$meaning])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(#[$first_meaning])* #[default] $first,
            $($(#[$other_meaning])* $other,)*
        }
    )*};
}

alternatives! {
    /// Where scores are rounded (`score.round_stage`).
    RoundStage {
        /// Each indicator, each dimension and the total, so that the printed form adds up.
        ItemAndTotal,
        /// Only the total.
        TotalOnly,
    }
    /// How a negative target is scored (`kpi.negative_target`).
    NegativeTarget {
        /// By deviation from the target, relative to its size.
        Deviation,
        /// As `Deviation`, but a reduced loss counts half (减亏部分折半计算).
        DeviationHalf,
        /// Not at all.
        Reject,
    }
    /// How "lower is better" is turned into a score (`kpi.reverse_variant`).
    ReverseVariant {
        /// A straight line that reaches 0 at twice the target.
        Linear,
        /// Target over actual; never reaches 0.
        Inverse,
    }
    /// What lies below the threshold of a piecewise score (`kpi.threshold_below`).
    ThresholdBelow {
        /// Nothing.
        Zero,
        /// The score of the threshold.
        ThresholdScore,
    }
    /// What an incomplete step counts (`kpi.step_partial`).
    StepPartial {
        /// Nothing, in either direction.
        Floor,
        /// A whole step when points are deducted (不足一档按一档扣).
        CeilDeduct,
        /// Its share of a step.
        Proportional,
    }
    /// What a missing actual means for the total (`kpi.missing_actual`).
    MissingActual {
        /// No total.
        Block,
        /// A score of 0.
        Zero,
        /// The item is left out and the others are renormalised; needs an HR approval.
        Exclude,
    }
    /// What a confirmed veto does (`kpi.veto_effect`).
    VetoEffect {
        /// Caps the grade.
        CapGrade,
        /// Caps the score.
        CapScore,
        /// Sets one item to 0.
        ItemZero,
        /// Sets the total to 0.
        TotalZero,
    }
    /// Which target counts when it changed during the period (`kpi.target_change`).
    TargetChange {
        /// The latest approved one.
        LatestApproved,
        /// Each, for the days it was in force.
        TimeWeighted,
    }
    /// Whether a failed check stops a submission (`smart.enforce`).
    Enforce {
        /// It is shown.
        Warn,
        /// It refuses.
        Block,
    }
    /// Whose progress a parent objective shows (`okr.rollup`).
    Rollup {
        /// Its own key results decide.
        Own,
        /// Its children decide.
        Children,
        /// A blend of both.
        Blend,
    }
    /// How a key result that keeps a level is judged (`okr.maintain`).
    Maintain {
        /// By the share of compliant check-ins.
        ShareOfPeriods,
        /// By the last check-in.
        LatestOnly,
    }
    /// Whether OKR progress becomes a score (`okr.in_review`).
    OkrInReview {
        /// It does not.
        Off,
        /// It is mapped to one.
        Mapped,
    }
    /// What happens to rater types with too few ratings (`review.small_category`).
    SmallCategory {
        /// They are left out.
        Exclude,
        /// They are pooled with each other.
        MergeOther,
    }
    /// How extreme ratings inside a rater type are treated (`review.trim`).
    Trim {
        /// One highest and one lowest are dropped.
        DropExtremes,
        /// All count.
        None,
        /// The median counts.
        Median,
    }
    /// How a distribution of grades is steered (`dist.mode`).
    DistributionMode {
        /// Deviations warn and need a reason.
        Guideline,
        /// Not at all.
        None,
        /// The top has upper limits.
        CapTop,
        /// Quotas are exact.
        Forced,
    }
    /// What a tie across a grade boundary becomes (`dist.tie`).
    DistributionTie {
        /// A question to the session.
        Flag,
        /// The better grade for all, within tolerance.
        AllUp,
        /// The lower grade for all.
        AllDown,
    }
    /// What rater leniency is measured on (`fair.basis`).
    FairBasis {
        /// Rating score less KPI total, when enough people have one.
        KpiResidual,
        /// Rating score.
        Raw,
    }
    /// How a bonus pool is paid (`bonus.mode`).
    BonusMode {
        /// Computed bonuses, reduced only when they exceed the pool.
        CapOnly,
        /// The whole pool.
        DistributeAll,
    }
    /// Through how many levels a bonus pool is split (`bonus.allocation`).
    BonusAllocation {
        /// Straight to people.
        SingleLevel,
        /// To departments, then to people (奖金池二次分配).
        TwoLevel,
    }
}

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

/// A closed range, written `3..8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<T> {
    /// Lowest value inside.
    pub min: T,
    /// Highest value inside.
    pub max: T,
}

impl<T: PartialOrd> Span<T> {
    /// Whether the value lies inside, ends included.
    pub fn contains(&self, value: &T) -> bool {
        *value >= self.min && *value <= self.max
    }
}

impl<T: core::fmt::Display> Serialize for Span<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..{}", self.min, self.max))
    }
}

impl<'de, T: FromStr<Err: core::fmt::Display>> Deserialize<'de> for Span<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (min, max) = text.split_once("..").ok_or_else(|| D::Error::custom("expected a..b"))?;
        let read = |end: &str| end.parse().map_err(D::Error::custom);
        Ok(Span { min: read(min)?, max: read(max)? })
    }
}

impl Settings {
    /// The grade scale in force: the policy's own, else the preset.
    pub fn scale(&self) -> Scale {
        self.score.scale.clone().unwrap_or_else(|| Scale::preset(self.score.preset))
    }

    /// Reads settings by their published names, for example `kpi.cap`; absent ones keep
    /// their defaults. An absent `kpi.cap` is the cap of the scale.
    ///
    /// # Errors
    /// `SETTING_INVALID` for an unknown name or a value of the wrong kind.
    pub fn from_entries(entries: &BTreeMap<String, Value>) -> Result<Settings> {
        let mut sections = Map::new();
        for (name, value) in entries {
            let unknown = || Code::SettingInvalid.because(format!("{name:.60?} is not a setting"));
            let (section, field) = name.split_once('.').ok_or_else(unknown)?;
            let fields = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
            fields.as_object_mut().ok_or_else(unknown)?.insert(field.into(), value.clone());
        }
        let mut settings: Settings = serde_json::from_value(Value::Object(sections))
            .map_err(|error| Code::SettingInvalid.because(error.to_string()))?;
        if !entries.contains_key("kpi.cap") {
            settings.kpi.cap = settings.scale().cap;
        }
        Ok(settings)
    }

    /// Every setting by its published name.
    pub fn entries(&self) -> BTreeMap<String, Value> {
        let Ok(Value::Object(sections)) = serde_json::to_value(self) else {
            return BTreeMap::new();
        };
        let flatten = |(section, fields): (String, Value)| {
            let Value::Object(fields) = fields else { return Vec::new() };
            fields.into_iter().map(|(field, value)| (format!("{section}.{field}"), value)).collect()
        };
        sections.into_iter().flat_map(flatten).collect()
    }

    /// Everything that contradicts itself or lies outside its limits; empty when the settings
    /// may be published. Each fault has the code `SETTING_INVALID` or, for the scale,
    /// `SCALE_INVALID`.
    pub fn faults(&self) -> Vec<DomainError> {
        let Settings {
            score: _,
            kpi,
            goal,
            smart,
            okr,
            feasibility,
            weights,
            review,
            manager,
            dist,
            fair,
            risk,
            appeal,
            interview,
            pip,
            bonus,
        } = self;
        let (zero, one, hundred) = (whole(0), whole(1), whole(100));
        let share = |value: &Exact| (&zero..=&one).contains(&value);
        let percent = |value: &Exact| (&zero..=&hundred).contains(&value);
        let not_negative = |value: &Exact| !value.is_negative();
        let falling = |bounds: [&Exact; 3]| bounds.is_sorted_by(|high, low| high > low);
        const NOT_NEGATIVE: &str = "must not be negative";
        const SHARE: &str = "must be within 0 to 1";
        const PERCENT: &str = "must be within 0 to 100";
        const POSITIVE: &str = "must be at least 1";
        const FALLING: &str = "must fall from green to orange";
        let rules = [
            ("kpi.cap", kpi.floor < kpi.cap, "must be above kpi.floor"),
            ("kpi.over_rate", not_negative(&kpi.over_rate), NOT_NEGATIVE),
            (
                "kpi.min_achievement",
                kpi.min_achievement.as_ref().is_none_or(not_negative),
                NOT_NEGATIVE,
            ),
            ("kpi.late_per_day", share(&kpi.late_per_day), SHARE),
            ("kpi.late_floor", share(&kpi.late_floor), SHARE),
            ("kpi.bonus_max", not_negative(&kpi.bonus_max), NOT_NEGATIVE),
            ("kpi.deduct_max", not_negative(&kpi.deduct_max), NOT_NEGATIVE),
            (
                "kpi.veto_score",
                (&kpi.floor..=&kpi.cap).contains(&&kpi.veto_score),
                "must be within kpi.floor to kpi.cap",
            ),
            ("goal.count", goal.count.min <= goal.count.max, "must rise"),
            ("goal.weight", goal.weight.min <= goal.weight.max, "must rise"),
            ("goal.weight", percent(&goal.weight.min) && percent(&goal.weight.max), PERCENT),
            ("goal.coverage_min", not_negative(&goal.coverage_min), NOT_NEGATIVE),
            ("smart.hard", smart.hard.is_positive(), "must be above 0"),
            ("okr.blend_alpha", share(&okr.blend_alpha), SHARE),
            (
                "feasibility.availability",
                share(&feasibility.availability) && feasibility.availability.is_positive(),
                "must be above 0 and at most 1",
            ),
            ("feasibility.tight_pct", percent(&feasibility.tight_pct), PERCENT),
            ("weights.max_pp", percent(&weights.max_pp), PERCENT),
            ("review.anonymity_min", review.anonymity_min >= 3, "must be at least 3"),
            ("review.trim_min_n", review.trim_min_n >= 3, "must be at least 3"),
            ("review.min_weight_share", percent(&review.min_weight_share), PERCENT),
            ("manager.team_lambda", share(&manager.team_lambda), SHARE),
            ("dist.shares", dist.shares.iter().all(percent), PERCENT),
            ("dist.shares", dist.shares.iter().sum::<Exact>() == hundred, "must sum to 100"),
            ("dist.min_group", dist.min_group >= 1, POSITIVE),
            ("dist.tolerance_pp", percent(&dist.tolerance_pp), PERCENT),
            ("fair.basis_share", share(&fair.basis_share), SHARE),
            ("fair.min_n", fair.min_n >= 1, POSITIVE),
            ("fair.recency_tail", share(&fair.recency_tail), SHARE),
            (
                "risk.spi_green",
                falling([&risk.spi_green, &risk.spi_yellow, &risk.spi_orange]),
                FALLING,
            ),
            ("risk.pf_green", falling([&risk.pf_green, &risk.pf_yellow, &risk.pf_orange]), FALLING),
            ("risk.grace_pct", percent(&risk.grace_pct), PERCENT),
            ("risk.pace_after_pct", percent(&risk.pace_after_pct), PERCENT),
            ("risk.recent_days", risk.recent_days >= 1, POSITIVE),
            ("risk.okr_cadence_days", risk.okr_cadence_days >= 1, POSITIVE),
            ("risk.better_evaluations", risk.better_evaluations >= 1, POSITIVE),
            (
                "risk.task_orange_days",
                risk.task_yellow_days <= risk.task_orange_days,
                "must not be below risk.task_yellow_days",
            ),
            ("appeal.window_workdays", appeal.window_workdays >= 1, POSITIVE),
            ("appeal.reply_workdays", appeal.reply_workdays >= 1, POSITIVE),
            ("appeal.second_window_workdays", appeal.second_window_workdays >= 1, POSITIVE),
            ("appeal.committee_workdays", appeal.committee_workdays >= 1, POSITIVE),
            ("interview.due_workdays", interview.due_workdays >= 1, POSITIVE),
            ("pip.days", (30..=90).contains(&pip.days), "must be within 30 to 90"),
            ("bonus.reserve_pct", percent(&bonus.reserve_pct), PERCENT),
            ("bonus.k_grade", bonus.k_grade.iter().all(not_negative), NOT_NEGATIVE),
            ("bonus.k_org", bonus.k_org.iter().all(not_negative), NOT_NEGATIVE),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        let faults =
            broken.map(|(name, _, limit)| Code::SettingInvalid.because(format!("{name} {limit}")));
        faults.chain(self.scale().validate().err()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(entries: Value) -> Result<Settings> {
        Settings::from_entries(&serde_json::from_value(entries).unwrap())
    }

    #[test]
    fn defaults_are_those_of_the_register() {
        let entries = Settings::default().entries();
        for (name, value) in [
            ("score.rounding", json!("half_up")),
            ("score.round_stage", json!("item_and_total")),
            ("score.preset", json!("target_100")),
            ("kpi.floor", json!("0")),
            ("kpi.cap", json!("120")),
            ("kpi.over_rate", json!("1")),
            ("kpi.min_achievement", json!(null)),
            ("kpi.negative_target", json!("deviation")),
            ("kpi.reverse_variant", json!("linear")),
            ("kpi.threshold_below", json!("zero")),
            ("kpi.step_partial", json!("floor")),
            ("kpi.late_per_day", json!("0.02")),
            ("kpi.late_floor", json!("0.5")),
            ("kpi.milestone_partial", json!(false)),
            ("kpi.missing_actual", json!("block")),
            ("kpi.bonus_max", json!("10")),
            ("kpi.deduct_max", json!("10")),
            ("kpi.veto_effect", json!("cap_grade")),
            ("kpi.veto_grade", json!("D")),
            ("kpi.target_change", json!("latest_approved")),
            ("kpi.min_segment_days", json!(30)),
            ("goal.count", json!("3..8")),
            ("goal.weight", json!("5..60")),
            ("goal.coverage_min", json!("100")),
            ("smart.enforce", json!("warn")),
            ("okr.rollup", json!("own")),
            ("okr.blend_alpha", json!("0.5")),
            ("okr.maintain", json!("share_of_periods")),
            ("okr.in_review", json!("off")),
            ("weights.max_pp", json!("10")),
            ("review.anonymity_min", json!(3)),
            ("review.small_category", json!("exclude")),
            ("review.trim", json!("drop_extremes")),
            ("review.trim_min_n", json!(5)),
            ("review.min_weight_share", json!("50")),
            ("review.second_review", json!(false)),
            ("manager.team_lambda", json!("0.2")),
            ("dist.mode", json!("guideline")),
            ("dist.shares", json!({"S": "10", "A": "20", "B": "50", "C": "15", "D": "5"})),
            ("dist.min_group", json!(10)),
            ("dist.tolerance_pp", json!("5")),
            ("dist.link_dept_grade", json!(false)),
            ("dist.tie", json!("flag")),
            ("fair.basis", json!("kpi_residual")),
            ("fair.min_n", json!(5)),
            ("appeal.window_workdays", json!(7)),
            ("appeal.reply_workdays", json!(5)),
            ("appeal.second_window_workdays", json!(5)),
            ("appeal.committee_workdays", json!(10)),
            ("appeal.no_reformatio", json!(true)),
            ("interview.due_workdays", json!(10)),
            ("pip.days", json!(60)),
            ("bonus.mode", json!("cap_only")),
            ("bonus.allocation", json!("single_level")),
            ("bonus.reserve_pct", json!("0")),
        ] {
            assert_eq!(entries.get(name), Some(&value), "{name}");
        }
        assert!(Settings::default().faults().is_empty());
    }

    #[test]
    fn entries_round_trip() {
        let mut settings = Settings::default();
        settings.goal.count = Span { min: 2, max: 9 };
        settings.score.scale = Some(settings.scale());
        settings.kpi.min_achievement = Some(whole(60));
        assert_eq!(Settings::from_entries(&settings.entries()).unwrap(), settings);
        assert_eq!(read(json!({})).unwrap(), Settings::default());
    }

    #[test]
    fn the_cap_follows_the_scale_unless_it_is_set() {
        let cap = |entries| read(entries).unwrap().kpi.cap;
        assert_eq!(cap(json!({"score.preset": "hundred_point"})), whole(100));
        assert_eq!(cap(json!({"score.preset": "hundred_point", "kpi.cap": "110"})), whole(110));
    }

    #[test]
    fn unknown_names_and_values_are_refused() {
        for entries in [
            json!({"kpi": {}}),
            json!({"kpi.caps": "120"}),
            json!({"money.max": "1"}),
            json!({"kpi.cap": 120}),
            json!({"kpi.cap": "a lot"}),
            json!({"score.rounding": "down"}),
            json!({"goal.count": "3"}),
            json!({"goal.count": "3..x"}),
        ] {
            assert_eq!(read(entries).unwrap_err().code, Code::SettingInvalid);
        }
    }

    #[test]
    fn every_fault_is_reported() {
        let settings = read(json!({
            "kpi.cap": "0",
            "review.anonymity_min": 2,
            "dist.shares": {"S": "10", "A": "20", "B": "50", "C": "15", "D": "6"},
            "pip.days": 91,
            "goal.count": "8..3",
        }))
        .unwrap();
        let faults: Vec<_> = settings.faults().into_iter().map(|fault| fault.to_string()).collect();
        assert_eq!(
            faults,
            [
                "SETTING_INVALID: kpi.cap must be above kpi.floor",
                "SETTING_INVALID: kpi.veto_score must be within kpi.floor to kpi.cap",
                "SETTING_INVALID: goal.count must rise",
                "SETTING_INVALID: review.anonymity_min must be at least 3",
                "SETTING_INVALID: dist.shares must sum to 100",
                "SETTING_INVALID: pip.days must be within 30 to 90",
            ]
        );
        let mut scale = Scale::default();
        scale.bands.a = whole(116);
        let settings = Settings {
            score: ScoreSettings { scale: Some(scale), ..Default::default() },
            ..Default::default()
        };
        let codes: Vec<_> = settings.faults().into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, [Code::ScaleInvalid]);
    }

    #[test]
    fn every_limit_is_checked() {
        for (name, value) in [
            ("kpi.over_rate", json!("-0.1")),
            ("kpi.min_achievement", json!("-1")),
            ("kpi.late_per_day", json!("1.01")),
            ("kpi.late_floor", json!("-0.01")),
            ("kpi.bonus_max", json!("-1")),
            ("kpi.deduct_max", json!("-1")),
            ("kpi.veto_score", json!("120.01")),
            ("goal.weight", json!("5..101")),
            ("goal.weight", json!("-1..60")),
            ("goal.coverage_min", json!("-1")),
            ("smart.hard", json!("0")),
            ("okr.blend_alpha", json!("1.1")),
            ("okr.blend_alpha", json!("-0.1")),
            ("feasibility.availability", json!("0")),
            ("feasibility.availability", json!("1.1")),
            ("feasibility.tight_pct", json!("101")),
            ("weights.max_pp", json!("101")),
            ("review.trim_min_n", json!(2)),
            ("review.min_weight_share", json!("100.01")),
            ("manager.team_lambda", json!("1.1")),
            ("dist.shares", json!({"S": "-10", "A": "40", "B": "50", "C": "15", "D": "5"})),
            ("dist.min_group", json!(0)),
            ("dist.tolerance_pp", json!("-1")),
            ("fair.basis_share", json!("1.1")),
            ("fair.min_n", json!(0)),
            ("fair.recency_tail", json!("-0.1")),
            ("risk.spi_yellow", json!("0.90")),
            ("risk.spi_orange", json!("0.75")),
            ("risk.pf_green", json!("0.80")),
            ("risk.grace_pct", json!("101")),
            ("risk.pace_after_pct", json!("-1")),
            ("risk.recent_days", json!(0)),
            ("risk.okr_cadence_days", json!(0)),
            ("risk.better_evaluations", json!(0)),
            ("risk.task_yellow_days", json!(8)),
            ("appeal.window_workdays", json!(0)),
            ("appeal.reply_workdays", json!(0)),
            ("appeal.second_window_workdays", json!(0)),
            ("appeal.committee_workdays", json!(0)),
            ("interview.due_workdays", json!(0)),
            ("pip.days", json!(29)),
            ("bonus.reserve_pct", json!("100.01")),
            ("bonus.k_grade", json!({"S": "1", "A": "1", "B": "1", "C": "1", "D": "-1"})),
            ("bonus.k_org", json!({"S": "1", "A": "1", "B": "1", "C": "1", "D": "-1"})),
        ] {
            let faults = read(json!({name: value.clone()})).unwrap().faults();
            assert_eq!(faults.len(), 1, "{name}={value}: {faults:?}");
            assert_eq!(faults[0].code, Code::SettingInvalid);
        }
    }

    #[test]
    fn a_span_includes_its_ends() {
        let span = Span { min: 3, max: 8 };
        assert!([3, 8].iter().all(|value| span.contains(value)));
        assert!(![2, 9].iter().any(|value| span.contains(value)));
    }
}
