//! Every setting with its default, section by section.

mod consequences;
mod fairness;
mod goals;
mod reviews;
mod risk;
mod scores;

pub use consequences::*;
pub use fairness::*;
pub use goals::*;
pub use reviews::*;
pub use risk::*;
pub use scores::*;

use super::register::{Entry, Range};
use crate::core::number::Exact;
use serde::{Deserialize, Serialize};

/// Declares a section of the register. Each setting has its default, what it takes, its title in
/// English and Chinese, and its meaning: in English as the comment, then in Chinese. `no effect yet`
/// stands behind a setting on which nothing acts.
macro_rules! section {
    ($(#[$meaning:meta])* $name:ident as $section:literal {
        $($(#[doc = $en:literal])+ $field:ident: $type:ty = $default:expr;
        $kind:expr, $title:literal, $zh_title:literal, $zh:literal $(, $idle:ident effect yet)?;)*
    }) => {
        $(#[$meaning])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[doc = $en])+ pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default,)* }
            }
        }

        impl $name {
            pub(in crate::scoring::settings) const ENTRIES: &'static [Entry] = &[$(Entry {
                name: concat!($section, ".", stringify!($field)),
                kind: $kind,
                title: Text::new($title, $zh_title),
                meaning: Text::new(concat!($($en),+), $zh),
                in_use: <[&str]>::is_empty(&[$(stringify!($idle))?]),
            },)*];
        }
    };
}
use section;

/// Declares the whole register from its sections.
macro_rules! sections {
    ($(#[$meaning:meta])* $name:ident { $($(#[$field_meaning:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meaning])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meaning])* pub $field: $type,)*
        }

        impl $name {
            /// What every section declares, in their order.
            pub(super) fn declared() -> impl Iterator<Item = Entry> {
                [$(<$type>::ENTRIES),*].into_iter().flatten().copied()
            }
        }
    };
}

sections! {
    /// Every setting of a policy version. Implements part I.
    Settings {
        /// `score.*`
        score: ScoreSettings,
        /// `kpi.*`
        kpi: KpiSettings,
        /// `goal.*`
        goal: GoalSettings,
        /// `smart.*`
        smart: SmartSettings,
        /// `okr.*`
        okr: OkrSettings,
        /// `feasibility.*`
        feasibility: FeasibilitySettings,
        /// `weights.*`
        weights: WeightSettings,
        /// `review.*`
        review: ReviewSettings,
        /// `manager.*`
        manager: ManagerSettings,
        /// `dist.*`
        dist: DistributionSettings,
        /// `fair.*`
        fair: FairSettings,
        /// `risk.*`
        risk: RiskSettings,
        /// `appeal.*`
        appeal: AppealSettings,
        /// `interview.*`
        interview: InterviewSettings,
        /// `pip.*`
        pip: PipSettings,
        /// `bonus.*`
        bonus: BonusSettings,
        /// `leave.*`
        leave: LeaveSettings,
    }
}

/// A share of the whole.
const SHARE: Range = Range::new("0", "1");
/// Percent of the whole.
const PERCENT: Range = Range::new("0", "100");
/// Points of a score.
const POINTS: Range = Range::new("0", "1000");
/// A factor.
const FACTOR: Range = Range::new("0", "100");

/// Short form for default values: `decimal(2, 2)` is 0.02.
fn decimal(mantissa: i64, scale: u32) -> Exact {
    Exact::scaled(mantissa, scale)
}

/// Short form for whole default values.
fn whole(value: i64) -> Exact {
    Exact::from(value)
}
