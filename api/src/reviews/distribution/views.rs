//! What clients see of a distribution of grades.

use crate::platform::labels::COMMA;
use crate::reviews::words;
use domain::core::number::{Exact, Rounding};
use domain::core::text::TextEnum;
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

/// Number of people per grade.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct GradeCounts {
    /// People with grade S.
    #[schema(example = 1)]
    pub s: u32,
    /// People with grade A.
    #[schema(example = 3)]
    pub a: u32,
    /// People with grade B.
    #[schema(example = 7)]
    pub b: u32,
    /// People with grade C.
    #[schema(example = 2)]
    pub c: u32,
    /// People with grade D.
    #[schema(example = 1)]
    pub d: u32,
}

impl From<&Counts> for GradeCounts {
    fn from(counts: &Counts) -> Self {
        Self { s: counts.s, a: counts.a, b: counts.b, c: counts.c, d: counts.d }
    }
}

/// Target share of each grade, in percent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct GradeShares {
    /// Share of grade S.
    #[schema(example = "10")]
    pub s: String,
    /// Share of grade A.
    #[schema(example = "20")]
    pub a: String,
    /// Share of grade B.
    #[schema(example = "50")]
    pub b: String,
    /// Share of grade C.
    #[schema(example = "15")]
    pub c: String,
    /// Share of grade D.
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
    /// Result of checking a distribution in the mode that the policy sets.
    pub enum Verdict {
        /// The distribution passes.
        Ok = "ok",
        /// The group is too small for quotas of its own.
        PoolRequired = "pool_required",
        /// Grades deviate from their quota by more than the tolerance.
        Warning = "warning",
        /// Grades do not match their exact quota.
        Violation = "violation",
        /// The top grades have more people than their upper limit allows.
        TopTooLarge = "top_too_large",
    }
}

impl From<&Check> for Verdict {
    fn from(check: &Check) -> Self {
        match check {
            Check::Ok => Verdict::Ok,
            Check::PoolRequired => Verdict::PoolRequired,
            Check::Warning(_) => Verdict::Warning,
            Check::Violation(_) => Verdict::Violation,
            Check::TopTooLarge => Verdict::TopTooLarge,
        }
    }
}

/// The grades that the result of a check is about, best grade first.
fn deviating(check: &Check) -> &[Grade] {
    match check {
        Check::Warning(grades) | Check::Violation(grades) => grades,
        Check::Ok | Check::PoolRequired | Check::TopTooLarge => &[],
    }
}

/// The result of a check and the grades it is about, as a list for the text of a refusal.
pub fn verdict(check: &Check) -> String {
    let grades = deviating(check).iter().map(|grade| grade.as_str());
    let words: Vec<_> = [Verdict::from(check).as_str()].into_iter().chain(grades).collect();
    words.join(COMMA)
}

text_enum! {
    /// Method by which a probability was computed.
    pub enum TestMethod {
        /// Chi-square test of goodness of fit over all grades.
        ChiSquare = "chi_square",
        /// Chi-square test of goodness of fit with S and A merged, and C and D merged.
        MergedChiSquare = "merged_chi_square",
        /// Exact multinomial test: the sum over all outcomes that are not more probable.
        ExactMultinomial = "exact_multinomial",
    }
}

text_enum! {
    /// How quotas steer a distribution.
    pub enum Mode {
        /// No quotas.
        None = "none",
        /// Deviations give a warning and need a reason.
        Guideline = "guideline",
        /// The top grades have upper limits.
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

/// Test whether a distribution differs from the target by more than chance. A reason to look
/// closer, never a reason to change a grade.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionTest {
    /// Method by which the probability was computed.
    #[schema(value_type = words::DistributionTestMethod)]
    pub method: TestMethod,
    /// Chi-square statistic, 4 decimal places; null for the exact test.
    #[schema(example = "16.8333")]
    pub statistic: Option<String>,
    /// Degrees of freedom; null for the exact test.
    #[schema(example = 4)]
    pub df: Option<u32>,
    /// Probability of a distribution at least as unusual, 6 decimal places.
    #[schema(example = "0.002052")]
    pub p: String,
    /// Whether p is below 0.05.
    #[schema(example = true)]
    pub differs: bool,
    /// Grades that people have although the target share of the grade is 0.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub forbidden: Vec<Grade>,
}

/// A distribution, compared with its quotas and with chance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionSummary {
    /// Number of people per grade.
    pub counts: GradeCounts,
    /// Whole number of people each grade should have; null for a group too small for quotas of its
    /// own.
    pub quota: Option<GradeCounts>,
    /// Number of people by which a grade may miss its quota without a warning.
    #[schema(example = "1")]
    pub tolerance: String,
    /// Result of the check in the mode that the policy sets.
    #[schema(value_type = words::DistributionVerdict)]
    pub verdict: Verdict,
    /// Grades that the verdict is about, best grade first.
    #[schema(value_type = Vec<words::Grade>, example = json!(["S", "C"]))]
    pub deviating: Vec<Grade>,
    /// Comparison with chance; null if there are too few people to test.
    pub test: Option<DistributionTest>,
}

impl From<&Summary> for DistributionSummary {
    fn from(summary: &Summary) -> Self {
        let verdict = Verdict::from(&summary.check);
        let deviating = deviating(&summary.check).to_vec();
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

/// A group of people and the distribution of their grades. If it is withheld, because the caller
/// could infer a single grade that they may not read, all other properties are null.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct DistributionLine {
    /// Whether the distribution is withheld.
    #[schema(example = false)]
    pub withheld: bool,
    /// Computed grades of the people who count towards the quotas; null for callers who may not
    /// read single grades.
    #[schema(required = true)]
    pub computed: Option<GradeCounts>,
    /// Present grades of the same people: calibrated where a session moved them, otherwise
    /// computed.
    #[schema(required = true)]
    pub present: Option<DistributionSummary>,
    /// Number of people with a grade who do not count towards the quotas.
    #[schema(required = true, example = 1)]
    pub uncounted: Option<u32>,
    /// Number of people without a grade among those counted so far.
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

/// Distribution in one department.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DepartmentDistribution {
    /// Id of the department; null for people without one.
    pub department_id: Option<Uuid>,
    /// Code of the department; null for people without one.
    #[schema(example = "SALES")]
    pub code: Option<String>,
    /// Name of the department; null for people without one.
    #[schema(example = "Sales")]
    pub name: Option<String>,
    /// Distribution of its people.
    #[serde(flatten)]
    pub line: DistributionLine,
}

/// A group of departments that share quotas.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DistributionPool {
    /// Ids of the departments; null stands for people without one.
    #[schema(value_type = Vec<Option<Uuid>>, example = json!(["0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11"]))]
    pub department_ids: Vec<Option<Uuid>>,
    /// Distribution of their people together.
    #[serde(flatten)]
    pub line: DistributionLine,
}

/// The distribution of grades in a cycle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Distribution {
    /// Id of the cycle.
    pub cycle_id: Uuid,
    /// How quotas steer the distribution.
    #[schema(value_type = words::DistributionMode)]
    pub mode: Mode,
    /// Target share of each grade, in percent.
    pub shares: GradeShares,
    /// Minimum number of people in a group with quotas of its own.
    #[schema(example = 10)]
    pub min_group: u32,
    /// Distribution of all people the caller is shown.
    pub total: DistributionLine,
    /// One entry per department, sorted by code.
    pub departments: Vec<DepartmentDistribution>,
    /// Groups in which quotas apply: single departments, and small departments together.
    pub pools: Vec<DistributionPool>,
}

impl Distribution {
    /// Removes the counts that callers with only disclosed counts may not see.
    pub(super) fn leave_computed_out(&mut self) {
        let departments = self.departments.iter_mut().map(|department| &mut department.line);
        let pools = self.pools.iter_mut().map(|pool| &mut pool.line);
        for line in departments.chain(pools).chain([&mut self.total]) {
            line.computed = None;
        }
    }
}
