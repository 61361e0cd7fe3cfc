//! Goals for the tests of this folder.

use super::{
    Aggregation, Frequency, Goal, GoalContent, GoalFrame, GoalKind, GoalLevel, Indicator,
    KeyResult, Measure, Sources,
};
use crate::core::calendar::Period;
use crate::cycles::performance_policy::PolicyRules;
use crate::scoring::kpi::Method;
use crate::scoring::okr::objective::Ambition;
use crate::scoring::settings::Settings;
use crate::state::{cycle, goal};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

fn year() -> Period {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
    Period::new(day(1, 1), day(12, 31)).unwrap()
}

pub fn frame() -> GoalFrame {
    GoalFrame {
        cycle_state: cycle::State::GoalSetting,
        period: year(),
        policy_id: Uuid::nil().into(),
        rules: PolicyRules::standard(),
        settings: Settings::default(),
        dropped: Vec::new(),
        department_weights: Vec::new(),
        participates: true,
        manager_id: None,
    }
}

pub fn key_result(id: u128, weight: i32, measure: Measure) -> KeyResult {
    KeyResult {
        id: Uuid::from_u128(id).into(),
        title: "Key result".to_owned(),
        weight: weight.into(),
        measure,
    }
}

fn content(kind: GoalKind) -> GoalContent {
    GoalContent {
        title: "Revenue".to_owned(),
        description: None,
        weight: Decimal::from(50),
        period: year(),
        theme: Some("Growth".to_owned()),
        exploratory: false,
        kind,
    }
}

pub fn objective(key_results: Vec<KeyResult>) -> GoalContent {
    content(GoalKind::Objective { ambition: Ambition::Committed, key_results })
}

pub fn indicator(method: Method) -> GoalContent {
    content(GoalKind::Indicator(Box::new(Indicator {
        unit: "CNY".to_owned(),
        source: Some("CRM".to_owned()),
        frequency: Some(Frequency::Monthly),
        baseline: Some(100.into()),
        aggregation: Aggregation::Sum,
        sources: Sources::One,
        method,
    })))
}

pub fn goal(id: u128, level: GoalLevel, parent: Option<u128>, content: GoalContent) -> Goal {
    Goal {
        id: Uuid::from_u128(id).into(),
        cycle_id: Uuid::nil().into(),
        owner_id: Uuid::nil().into(),
        manager_id: None,
        level,
        parent_id: parent.map(|id| Uuid::from_u128(id).into()),
        state: goal::State::Draft,
        revision: 1,
        content,
        progress: None,
        confidence: None,
        checked_in_at: None,
        score: None,
        scored_from: None,
        return_reason: None,
        cycle_state: cycle::State::GoalSetting,
        review_state: None,
        review_id: None,
        first_signature: None,
        version: 1,
        created_at: Default::default(),
        updated_at: Default::default(),
        deleted_at: None,
    }
}
