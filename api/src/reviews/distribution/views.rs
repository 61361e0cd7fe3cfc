//! What clients see of a distribution of grades.

use crate::platform::schema::words;
use domain::core::number::{Exact, Rounding};
use domain::reviews::distribution::{Line, Summary, Tally};
use domain::scoring::distribution::comparison::Method;
use domain::scoring::distribution::{Check, Counts};
use domain::scoring::fairness::Withheld;
use domain::scoring::scale::{Grade, PerGrade};
use domain::scoring::settings::DistributionMode;
use domain::text_enum;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// People per grade.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct GradeCounts {
    /// With grade S.
    #[schema(example = 1)]
    pub s: u32,
    /// With grade A.
    #[schema(example = 3)]
    pub a: u32,
    /// With grade B.
    #[schema(example = 7)]
    pub b: u32,
    /// With grade C.
    #[schema(example = 2)]
    pub c: u32,
    /// With grade D.
    #[schema(example = 1)]
    pub d: u32,
}

impl From<&Counts> for GradeCounts {
    fn from(counts: &Counts) -> Self {
        Self { s: counts.s, a: counts.a, b: counts.b, c: counts.c, d: counts.d }
    }
}

/// Target shares in percent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct GradeShares {
    /// Of grade S.
    #[schema(example = "10")]
    pub s: String,
    /// Of grade A.
    #[schema(example = "20")]
    pub a: String,
    /// Of grade B.
    #[schema(example = "50")]
    pub b: String,
    /// Of grade C.
    #[schema(example = "15")]
    pub c: String,
    /// Of grade D.
    #[schema(example = "5")]
    pub d: String,
}

impl From<&PerGrade<Exact>> for GradeShares {
    fn from(shares: &PerGrade<Exact>) -> Self {
        let share = |grade| shares.get(grade).to_string();
        Self {
            s: share(Grade::S),
            a: share(Grade::A),
            b: share(Grade::B),
            c: share(Grade::C),
            d: share(Grade::D),
        }
    }
}

text_enum! {
    /// What the mode of the policy says of a distribution.
    pub enum Verdict {
        /// Nothing.
        Ok = "ok",
        /// The group is too small for quotas of its own.
        PoolRequired = "pool_required",
        /// Grades deviate beyond tolerance.
        Warning = "warning",
        /// Grades miss their exact quota.
        Violation = "violation",
        /// The top is larger than allowed.
        TopTooLarge = "top_too_large",
    }
}

text_enum! {
    /// How a probability was computed.
    pub enum TestMethod {
        /// Goodness of fit over all grades.
        ChiSquare = "chi_square",
        /// Goodness of fit over S and A, B, C and D.
        MergedChiSquare = "merged_chi_square",
        /// All outcomes that are not more probable.
        ExactMultinomial = "exact_multinomial",
    }
}

text_enum! {
    /// Whether and how a distribution is steered.
    pub enum Mode {
        /// Not at all.
        None = "none",
        /// Deviations warn and need a reason.
        Guideline = "guideline",
        /// The top has upper limits.
        CapTop = "cap_top",
        /// Quotas are exact.
        Forced = "forced",
    }
}

impl From<DistributionMode> for Mode {
    fn from(mode: DistributionMode) -> Self {
        match mode {
            DistributionMode::None => Self::None,
            DistributionMode::Guideline => Self::Guideline,
            DistributionMode::CapTop => Self::CapTop,
            DistributionMode::Forced => Self::Forced,
        }
    }
}

/// Whether a distribution differs from the target by more than chance: a prompt to look.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionTest {
    /// How the probability was computed.
    #[schema(schema_with = words::<TestMethod>)]
    pub method: TestMethod,
    /// The statistic of chi-square, 4 places.
    #[schema(example = "16.8333")]
    pub statistic: Option<String>,
    /// Degrees of freedom of chi-square.
    #[schema(example = 4)]
    pub df: Option<u32>,
    /// Probability of a distribution at least as unusual, 6 places.
    #[schema(example = "0.002052")]
    pub p: String,
    /// Whether p is below 0.05.
    #[schema(example = true)]
    pub differs: bool,
    /// Grades given although their target share is 0.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub forbidden: Vec<Grade>,
}

/// A distribution against its quotas and against chance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionSummary {
    /// People per grade.
    pub counts: GradeCounts,
    /// The whole number of people each grade stands for; null for a group that needs a pool.
    pub quota: Option<GradeCounts>,
    /// By how many people a grade may miss its quota without a warning.
    #[schema(example = "1")]
    pub tolerance: String,
    /// What the mode of the policy says.
    #[schema(schema_with = words::<Verdict>)]
    pub verdict: Verdict,
    /// The grades it says that of, best first.
    #[schema(value_type = Vec<String>, example = json!(["S", "C"]))]
    pub deviating: Vec<Grade>,
    /// Against chance; null where there is too little to test.
    pub test: Option<DistributionTest>,
}

impl From<&Summary> for DistributionSummary {
    fn from(summary: &Summary) -> Self {
        let (verdict, deviating) = match &summary.check {
            Check::Ok => (Verdict::Ok, Vec::new()),
            Check::PoolRequired => (Verdict::PoolRequired, Vec::new()),
            Check::Warning(grades) => (Verdict::Warning, grades.clone()),
            Check::Violation(grades) => (Verdict::Violation, grades.clone()),
            Check::TopTooLarge => (Verdict::TopTooLarge, Vec::new()),
        };
        let test = summary.comparison.as_ref().map(|comparison| {
            let (method, fit) = match &comparison.method {
                Method::ChiSquare(fit) => (TestMethod::ChiSquare, Some(fit)),
                Method::MergedChiSquare(fit) => (TestMethod::MergedChiSquare, Some(fit)),
                Method::ExactMultinomial => (TestMethod::ExactMultinomial, None),
            };
            let rounded = |fit: &Exact| fit.round(4, Rounding::HalfUp).ok();
            DistributionTest {
                method,
                statistic: fit.and_then(|fit| Some(rounded(&fit.statistic)?.to_string())),
                df: fit.map(|fit| fit.df),
                p: format!("{:.6}", domain::core::number::shown(comparison.p, 6)),
                differs: comparison.differs(),
                forbidden: comparison.forbidden.clone(),
            }
        });
        Self {
            counts: (&summary.counts).into(),
            quota: summary.quota.as_ref().map(GradeCounts::from),
            tolerance: summary.tolerance.to_string(),
            verdict,
            deviating,
            test: test.map_err(|_: &Withheld| ()).ok(),
        }
    }
}

/// Some people and the distribution of their grades. Where it is withheld, because a single grade
/// would follow from it that the caller may not read, everything else is null.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct DistributionLine {
    /// Whether it is withheld.
    #[schema(example = false)]
    pub withheld: bool,
    /// Computed grades of those who count towards the quotas; null for who may not read the grades
    /// one by one.
    #[schema(required = true)]
    pub computed: Option<GradeCounts>,
    /// The grades of the same people as they stand, calibrated where a session moved them.
    #[schema(required = true)]
    pub present: Option<DistributionSummary>,
    /// People with a grade who do not count towards the quotas.
    #[schema(required = true, example = 1)]
    pub uncounted: Option<u32>,
    /// People whose grade is not among those counted so far.
    #[schema(required = true, example = 0)]
    pub ungraded: Option<u32>,
}

impl From<Option<&Line>> for DistributionLine {
    fn from(line: Option<&Line>) -> Self {
        let Some(Line { tally, summary }) = line else {
            return Self { withheld: true, ..Self::default() };
        };
        let Tally { computed, uncounted, ungraded, .. } = tally;
        Self {
            withheld: false,
            computed: Some(computed.into()),
            present: Some(summary.into()),
            uncounted: Some(*uncounted),
            ungraded: Some(*ungraded),
        }
    }
}

/// The distribution in one department.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DepartmentDistribution {
    /// The department; null for people who work in none.
    pub department_id: Option<Uuid>,
    /// Its code.
    #[schema(example = "SALES")]
    pub code: Option<String>,
    /// Its name.
    #[schema(example = "Sales")]
    pub name: Option<String>,
    /// Its people.
    #[serde(flatten)]
    pub line: DistributionLine,
}

/// Departments that share quotas.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionPool {
    /// The departments; null stands for people who work in none.
    #[schema(value_type = Vec<Option<Uuid>>, example = json!(["0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11"]))]
    pub department_ids: Vec<Option<Uuid>>,
    /// Their people together.
    #[serde(flatten)]
    pub line: DistributionLine,
}

/// The distribution of grades in a cycle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Distribution {
    /// The cycle.
    pub cycle_id: Uuid,
    /// How the distribution is steered.
    #[schema(schema_with = words::<Mode>)]
    pub mode: Mode,
    /// Target shares in percent.
    pub shares: GradeShares,
    /// Groups of fewer people have no quotas of their own.
    #[schema(example = 10)]
    pub min_group: u32,
    /// Everybody of whom something is shown.
    pub total: DistributionLine,
    /// Each department, by code.
    pub departments: Vec<DepartmentDistribution>,
    /// The groups in which quotas hold: departments of their own, and small ones together.
    pub pools: Vec<DistributionPool>,
}

impl Distribution {
    /// Leaves out what is known of single grades only.
    pub(super) fn leave_computed_out(&mut self) {
        let departments = self.departments.iter_mut().map(|department| &mut department.line);
        let pools = self.pools.iter_mut().map(|pool| &mut pool.line);
        for line in departments.chain(pools).chain([&mut self.total]) {
            line.computed = None;
        }
    }
}
