//! A trace as a tree for programs, without anything that must not be shown.

use super::{Calculation, Explanation, Part, Rule, Trace};
use crate::core::number::Exact;
use crate::scoring::settings::KpiSettings;
use crate::text_enum;
use uuid::Uuid;

text_enum! {
    /// The kind of a part of a result.
    pub enum PartKind {
        /// The score of an indicator.
        Indicator = "indicator",
        /// The score of an objective.
        Objective = "objective",
        /// A score over several stretches of days.
        TimeWeighted = "time_weighted",
        /// The performance total.
        Performance = "performance",
        /// The score of a dimension that people rate.
        Dimension = "dimension",
        /// The composite score of all dimensions.
        Composite = "composite",
        /// The result of a person who has a team.
        Manager = "manager",
    }
}

/// A part of a result with its steps. Single ratings are not shown, only results of several ratings
/// together (D.3).
#[derive(Clone, Debug)]
pub struct Outline<'a> {
    /// Name shown to people; `None` for the whole result and for stretches of days.
    pub name: Option<&'a str>,
    /// Weight within the part above, in percent.
    pub weight: Option<&'a Exact>,
    /// Number of days, for a stretch of days.
    pub days: Option<u32>,
    /// Calculation of the part; `None` if it was left out with approval.
    pub calculation: Option<&'a Calculation>,
    /// Id of the approval by which it was left out.
    pub approval: Option<Uuid>,
    /// Number under which the weight is filed, where it is not that of the framework.
    pub filing: Option<&'a str>,
    /// Steps and result of the part.
    pub explanation: &'a Explanation,
    /// The parts of which this part consists.
    pub parts: Vec<Outline<'a>>,
}

impl Trace {
    /// The trace as a tree.
    pub fn outline(&self) -> Outline<'_> {
        let whole = Some(&self.calculation);
        Outline::new(None, None, whole, &self.explanation, &self.settings.kpi)
    }
}

impl<'a> Outline<'a> {
    fn new(
        name: Option<&'a str>,
        weight: Option<&'a Exact>,
        calculation: Option<&'a Calculation>,
        explanation: &'a Explanation,
        kpi: &KpiSettings,
    ) -> Self {
        let below = &explanation.parts;
        let parts = match calculation {
            Some(
                Calculation::Performance { items: inner, .. }
                | Calculation::Composite { dimensions: inner },
            ) => {
                let of_part = |(part, explanation): (&'a Part, &'a Explanation)| {
                    let Part { name, weight, calculation, approval, filing } = part;
                    let calculation = calculation.as_ref();
                    Self {
                        approval: *approval,
                        filing: filing.as_deref(),
                        ..Self::new(Some(name), Some(weight), calculation, explanation, kpi)
                    }
                };
                inner.iter().zip(below).map(of_part).collect()
            }
            Some(Calculation::TimeWeighted { division, stretches }) => {
                let counted = division.counted(stretches, kpi).iter().zip(below);
                counted
                    .map(|(stretch, explanation)| Self {
                        days: Some(stretch.days),
                        ..Self::new(None, None, Some(&stretch.calculation), explanation, kpi)
                    })
                    .collect()
            }
            Some(Calculation::Manager { own, .. }) => {
                below.iter().map(|it| Self::new(None, None, Some(own), it, kpi)).collect()
            }
            Some(
                Calculation::Indicator { .. }
                | Calculation::Objective { .. }
                | Calculation::Dimension(_),
            )
            | None => Vec::new(),
        };
        Self {
            name,
            weight,
            days: None,
            calculation,
            approval: None,
            filing: None,
            explanation,
            parts,
        }
    }
}

impl Calculation {
    /// What kind of part it computes.
    pub fn kind(&self) -> PartKind {
        match self {
            Calculation::Indicator { .. } => PartKind::Indicator,
            Calculation::Objective { .. } => PartKind::Objective,
            Calculation::TimeWeighted { .. } => PartKind::TimeWeighted,
            Calculation::Performance { .. } => PartKind::Performance,
            Calculation::Dimension(_) => PartKind::Dimension,
            Calculation::Composite { .. } => PartKind::Composite,
            Calculation::Manager { .. } => PartKind::Manager,
        }
    }

    /// The actual value by which an indicator is scored.
    pub fn actual(&self) -> Option<&Exact> {
        match self {
            Calculation::Indicator { actual, .. } => actual.as_ref(),
            _ => None,
        }
    }

    /// Ids of the data revisions from which it was computed, without those of its parts.
    pub fn revisions(&self) -> Vec<uuid::Uuid> {
        match self {
            Calculation::Indicator { revisions, .. } => revisions.clone(),
            Calculation::Objective { key_results, .. } => {
                key_results.iter().filter_map(|key_result| key_result.revision).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Rule {
    /// The text of the rule in one language.
    pub const fn text(self, locale: super::Locale) -> &'static str {
        let (zh, en) = self.texts();
        match locale {
            super::Locale::Zh => zh,
            super::Locale::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::settings::Settings;
    use crate::scoring::trace::tests::person;

    #[test]
    fn a_tree_shows_what_the_text_shows() {
        let trace = person().explain(&Settings::default()).unwrap();
        let whole = trace.outline();
        let names: Vec<_> = whole.parts.iter().filter_map(|part| part.name).collect();
        assert_eq!(names, ["performance", "competency", "behaviour", "collaboration"]);
        let kinds = |outline: &Outline<'_>| -> Vec<_> {
            let parts = outline.parts.iter();
            parts.filter_map(|part| part.calculation.map(Calculation::kind)).collect()
        };
        assert_eq!(kinds(&whole)[..2], [PartKind::Performance, PartKind::Dimension]);
        let sales = &whole.parts[0].parts[0];
        let calculation = sales.calculation.unwrap();
        assert_eq!((calculation.actual(), calculation.revisions().len()), (Some(&1080.into()), 1));
        assert_eq!(sales.explanation.outcome.score, Some(108.into()));
    }
}
