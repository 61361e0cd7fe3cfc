//! Whether the grades of a department fit its results: for example low performance with "excellent"
//! ratings.
//!
//! Implements F.5.

use super::{Figure, Withheld, at_least, share};
use crate::core::number::Exact;
use crate::scoring::scale::Grade;
use crate::scoring::settings::FairSettings;
use crate::scoring::statistics::{Moments, Root, kendall_tau_b};
use serde::{Deserialize, Serialize};

/// Least number of departments for a comparison between them.
const MIN_DEPARTMENTS: u32 = 5;

/// Least number of people for testing their order.
const MIN_ORDERED: u32 = 8;

/// Result and grade of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// KPI total in points.
    pub kpi_total: Exact,
    /// Grade given.
    pub grade: Grade,
}

/// How the grades of a department fit its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Grades are far better than results.
    LenientDept,
    /// Grades are far worse than results.
    SevereDept,
    /// Neither.
    None,
}

/// Results and grades of one department. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Mean KPI total.
    pub mean_kpi: Exact,
    /// Share of people whose KPI total is below `fair.meets`.
    pub low: Exact,
    /// Share of grades S and A.
    pub top: Exact,
    /// Share of grades C and D.
    pub bottom: Exact,
    /// The resulting verdict.
    pub verdict: Verdict,
}

/// Checks one department by itself.
///
/// Implements the absolute form of F.5.
///
/// # Errors
/// `INSUFFICIENT` for fewer than `fair.min_n` people.
pub fn mismatch(members: &[Member], settings: &FairSettings) -> Figure<Mismatch> {
    at_least(settings.min_n, members.len())?;
    let totals: Vec<Exact> = members.iter().map(|member| member.kpi_total.clone()).collect();
    let mean_kpi = Moments::of(&totals).ok_or(Withheld::Insufficient)?.mean;
    let low = share(members, |member| member.kpi_total < settings.meets)?;
    let top = share(members, |member| matches!(member.grade, Grade::S | Grade::A))?;
    let bottom = share(members, |member| matches!(member.grade, Grade::C | Grade::D))?;
    let verdict = if low >= settings.lenient_low && top >= settings.lenient_top {
        Verdict::LenientDept
    } else if low <= settings.severe_low
        && top <= settings.severe_top
        && bottom >= settings.severe_bottom
    {
        Verdict::SevereDept
    } else {
        Verdict::None
    };
    Ok(Mismatch { mean_kpi, low, top, bottom, verdict })
}

/// What may be done about a department whose grades do not fit its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Proposal {
    /// Look at the evidence again.
    RecheckEvidence,
    /// Compare the grades in a calibration session.
    Calibrate,
    /// Ask for other dimension weights (C.8).
    AdjustWeights,
    /// Ask for other dimension weights in the next cycle, because evaluation is open.
    AdjustWeightsNextCycle,
    /// Train the raters.
    RaterTraining,
}

/// What to propose for a verdict; nothing where grades fit results. Implements the last step of F.5.
pub fn proposals(verdict: Verdict, evaluation_open: bool) -> Vec<Proposal> {
    let weights =
        if evaluation_open { Proposal::AdjustWeightsNextCycle } else { Proposal::AdjustWeights };
    match verdict {
        Verdict::None => Vec::new(),
        Verdict::LenientDept | Verdict::SevereDept => {
            vec![Proposal::RecheckEvidence, Proposal::Calibrate, weights, Proposal::RaterTraining]
        }
    }
}

/// The means of one department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentMeans {
    /// Mean KPI total.
    pub kpi: Exact,
    /// Mean grade points (S 5 to D 1).
    pub grade_points: Exact,
}

/// How a department compares with the other departments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// z of its mean grade minus z of its mean KPI total (sample standard deviation).
    pub gap: f64,
    /// The resulting verdict.
    pub verdict: Verdict,
}

/// Compares departments with each other; the result is in the order of the input.
///
/// Implements the relative form of F.5.
///
/// # Errors
/// `INSUFFICIENT` for fewer than five departments, `NO_VARIANCE` when all have the same mean KPI
/// total or the same mean grade.
pub fn gaps(departments: &[DepartmentMeans], settings: &FairSettings) -> Figure<Vec<Gap>> {
    at_least(MIN_DEPARTMENTS, departments.len())?;
    let kpi = standings(departments.iter().map(|department| department.kpi.clone()))?;
    let grades = standings(departments.iter().map(|department| department.grade_points.clone()))?;
    let bar = settings.gap_z.to_f64();
    let gap = |(grade, kpi): (f64, f64)| {
        let gap = grade - kpi;
        let verdict = if gap >= bar {
            Verdict::LenientDept
        } else if gap <= -bar {
            Verdict::SevereDept
        } else {
            Verdict::None
        };
        Gap { gap, verdict }
    };
    Ok(grades.into_iter().zip(kpi).map(gap).collect())
}

/// The z of each value: its distance from the mean in sample standard deviations.
fn standings(values: impl Iterator<Item = Exact>) -> Figure<Vec<f64>> {
    let values: Vec<Exact> = values.collect();
    let moments = Moments::of(&values).ok_or(Withheld::Insufficient)?;
    let variance = moments.variance().ok_or(Withheld::Insufficient)?;
    values
        .iter()
        .map(|value| Root::ratio(&(value - &moments.mean), &variance).map(|z| z.to_f64()))
        .collect::<Option<_>>()
        .ok_or(Withheld::NoVariance)
}

/// How closely grades follow results within a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Kendall's tau-b of KPI total and grade points, -1 to 1.
    pub tau: Root,
    /// Whether tau is below `fair.weak_link` (`WEAK_LINK`).
    pub weak: bool,
}

/// Whether better results earn better grades, from pairs of KPI total and grade points.
///
/// Implements the order inside the department of F.5.
///
/// # Errors
/// `INSUFFICIENT` for fewer than eight people, `NO_VARIANCE` when all have the same result or the
/// same grade.
pub fn link(pairs: &[(Exact, Exact)], settings: &FairSettings) -> Figure<Link> {
    at_least(MIN_ORDERED, pairs.len())?;
    let tau = kendall_tau_b(pairs).ok_or(Withheld::NoVariance)?;
    let weak = tau < Root::from(&settings.weak_link);
    Ok(Link { tau, weak })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fairness::tests::numbers;

    fn look(totals: &str, grades: &str) -> Figure<Mismatch> {
        let grade = |letter: char| letter.to_string().parse().unwrap();
        let members: Vec<Member> = numbers(totals)
            .into_iter()
            .zip(grades.chars().map(grade))
            .map(|(kpi_total, grade)| Member { kpi_total, grade })
            .collect();
        mismatch(&members, &FairSettings::default())
    }

    #[test]
    fn proposals_about_weights_wait_once_evaluation_is_open() {
        assert!(proposals(Verdict::None, true).is_empty());
        for verdict in [Verdict::LenientDept, Verdict::SevereDept] {
            assert_eq!(proposals(verdict, false)[2], Proposal::AdjustWeights);
            assert_eq!(proposals(verdict, true)[2], Proposal::AdjustWeightsNextCycle);
        }
    }

    #[test]
    fn low_results_with_high_grades_are_lenient() {
        let found = look("72 68 85 88 70 95 66 80", "AASABAAB").unwrap();
        assert_eq!(found.mean_kpi, Exact::from(78));
        assert_eq!(found.verdict, Verdict::LenientDept);
        // A person who meets the target exactly is not below it.
        let half = look("90 90 90 89.99 89.99 89.99", "AAABBB").unwrap();
        assert_eq!((half.low, half.verdict), (Exact::scaled(5, 1), Verdict::LenientDept));
        assert_eq!(look("90 90 90 90 89.99 89.99", "AAABBB").unwrap().verdict, Verdict::None);
    }

    #[test]
    fn high_results_with_low_grades_are_severe() {
        assert_eq!(look("100 104 98 111 96", "BCCBC").unwrap().verdict, Verdict::SevereDept);
        assert_eq!(look("100 104 98 111 96", "ACCBC").unwrap().verdict, Verdict::None);
        let bars = look("80 80 80 100 100 100 100 100 100 100", "CCCDDBBBBB").unwrap();
        assert_eq!(bars.verdict, Verdict::SevereDept);
        let one_of_twenty = look(&"100 ".repeat(20), "ACCCCCCCCCCBBBBBBBBB").unwrap();
        assert_eq!(one_of_twenty.verdict, Verdict::SevereDept);
    }

    #[test]
    fn a_few_people_are_no_department() {
        assert_eq!(look("72 68 85 88", "AASA"), Err(Withheld::Insufficient));
        let nobody = FairSettings { min_n: 0, ..FairSettings::default() };
        assert_eq!(mismatch(&[], &nobody), Err(Withheld::Insufficient));
    }

    fn compare(kpi: &str, grades: &str) -> Figure<Vec<Verdict>> {
        let departments: Vec<DepartmentMeans> = numbers(kpi)
            .into_iter()
            .zip(numbers(grades))
            .map(|(kpi, grade_points)| DepartmentMeans { kpi, grade_points })
            .collect();
        let found = gaps(&departments, &FairSettings::default())?;
        assert!(found.iter().map(|department| department.gap).sum::<f64>().abs() < 1e-9);
        Ok(found.into_iter().map(|department| department.verdict).collect())
    }

    #[test]
    fn standing_in_grades_is_compared_with_standing_in_results() {
        use Verdict::{LenientDept, None, SevereDept};
        assert_eq!(
            compare("78 100 102 97 105 98", "3.9 3.2 3.3 3.0 3.5 3.1").unwrap(),
            [LenientDept, None, None, None, None, None]
        );
        assert_eq!(
            compare("120 100 102 97 99 98", "2 3.2 3.3 3.0 3.5 3.1").unwrap()[0],
            SevereDept
        );
        assert_eq!(compare("1 2 3 4", "1 2 3 4"), Err(Withheld::Insufficient));
        assert_eq!(compare("1 2 3 4 5", "3 3 3 3 3"), Err(Withheld::NoVariance));
        assert_eq!(compare("3 3 3 3 3", "1 2 3 4 5"), Err(Withheld::NoVariance));
    }

    fn order(results: &str, grades: &str) -> Figure<Link> {
        let pairs: Vec<_> = numbers(results).into_iter().zip(numbers(grades)).collect();
        link(&pairs, &FairSettings::default())
    }

    #[test]
    fn grades_that_ignore_results_are_a_weak_link() {
        let weak = order("72 68 85 88 70 95 66 80", "4 4 5 4 3 4 4 3").unwrap();
        assert!((weak.tau.to_f64() - 0.137_5).abs() < 5e-5 && weak.weak);
        assert!(!order("1 2 3 4 5 6 7 8", "1 1 2 2 3 3 4 4").unwrap().weak);
        // 78 of 120 pairs in order, 42 not: exactly 0.3.
        let results = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";
        let bar = order(results, "9 8 7 6 5 4 3 2 1 13 12 11 10 14 15 16").unwrap();
        assert_eq!(bar.tau, Root::from(&Exact::scaled(3, 1)));
        assert!(!bar.weak);
        assert_eq!(order("1 2 3 4 5 6 7", "1 1 2 2 3 3 4"), Err(Withheld::Insufficient));
        assert_eq!(order("1 2 3 4 5 6 7 8", "3 3 3 3 3 3 3 3"), Err(Withheld::NoVariance));
    }
}
