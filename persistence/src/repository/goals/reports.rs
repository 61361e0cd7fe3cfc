//! Check-ins and measurements of goals.

use super::super::among::one_of;
use super::super::engine::Unit;
use super::super::keys::KEYS;
use super::super::{Conn, Db};
use super::page_of_goal;
use crate::column::{At, Key, json, statement, to_json, units};
use crate::error::DbError;
use crate::page::Page;
use crate::ports::{GoalReports, LastCheckIns, Result};
use crate::record::by_id;
use crate::schema::{check_in, cycle, goal, measurement, policy};
use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use domain::core::change::Change;
use domain::core::id::{CheckInId, CycleId, GoalId, MeasurementId};
use domain::cycles::performance_policy::PolicyRules;
use domain::goals::goal::{
    CheckIn, KeyResultReport, Measurement, Reported, ReportedSoFar, Withdrawal,
};
use domain::policy::Sealed;
use domain::scoring::settings::Settings;
use rust_decimal::Decimal;
use std::collections::HashMap;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = check_in, treat_none_as_default_value = false)]
pub(super) struct CheckInRow {
    tenant_id: Key,
    id: Key,
    pub goal_id: Key,
    author_id: Key,
    reports: String,
    confidence: i32,
    blockers: Option<String>,
    comment: Option<String>,
    progress: Option<i64>,
    created_at: At,
    withdrawn_at: Option<At>,
    withdrawn_by: Option<Key>,
    withdrawal_reason: Option<String>,
}

impl TryFrom<CheckInRow> for CheckIn {
    type Error = DbError;

    fn try_from(row: CheckInRow) -> Result<Self> {
        Ok(Self {
            id: row.id.0.into(),
            goal_id: row.goal_id.0.into(),
            author_id: row.author_id.0.into(),
            reports: json(&row.reports)?,
            confidence: row.confidence,
            blockers: row.blockers,
            comment: row.comment,
            progress: row.progress.map(|progress| Decimal::new(progress, 4)),
            created_at: row.created_at.0,
            withdrawal: withdrawal(row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = measurement, treat_none_as_default_value = false)]
pub(super) struct MeasurementRow {
    tenant_id: Key,
    id: Key,
    pub goal_id: Key,
    period_start: NaiveDate,
    source: String,
    external_id: String,
    revision: i32,
    value: String,
    author_id: Key,
    created_at: At,
    withdrawn_at: Option<At>,
    withdrawn_by: Option<Key>,
    withdrawal_reason: Option<String>,
}

impl TryFrom<MeasurementRow> for Measurement {
    type Error = DbError;

    fn try_from(row: MeasurementRow) -> Result<Self> {
        let corrupt = |error: domain::DomainError| DbError::Corrupt(error.to_string());
        Ok(Self {
            id: row.id.0.into(),
            goal_id: row.goal_id.0.into(),
            period_start: row.period_start,
            source: row.source,
            external_id: row.external_id,
            revision: row.revision,
            value: row.value.parse().map_err(corrupt)?,
            author_id: row.author_id.0,
            created_at: row.created_at.0,
            withdrawal: withdrawal(row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason),
        })
    }
}

/// The withdrawal of a report; none if it is not withdrawn.
fn withdrawal(at: Option<At>, by: Option<Key>, reason: Option<String>) -> Option<Withdrawal> {
    Some(Withdrawal { at: at?.0, by: by?.0, reason: reason.unwrap_or_default() })
}

/// Saves the withdrawal of a report that is not withdrawn yet.
macro_rules! withdraw {
    ($name:ident, $update:literal) => {
        statement! {
            /// Saves the withdrawal of a report.
            struct $name { at: At, by: Key, reason: String, tenant: Key, id: Key }
            $update " SET withdrawn_at = " at ", withdrawn_by = " by ", withdrawal_reason = " reason
            " WHERE tenant_id = " tenant " AND id = " id " AND withdrawn_at IS NULL"
        }
    };
}

statement! {
    /// Deletes the stored totals of the check-ins after `behind`.
    struct Forget { tenant: Key, goal: Key, behind: Key }
    "UPDATE check_in SET reported_so_far = NULL WHERE tenant_id = " tenant " AND goal_id = " goal
    " AND id > " behind " AND reported_so_far IS NOT NULL"
}

withdraw!(WithdrawCheckIn, "UPDATE check_in");
withdraw!(WithdrawMeasurement, "UPDATE measurement");

/// One report with its goal.
macro_rules! with_goal {
    ($unit:ident, $id:ident, $row:ident of $table:ident) => {{
        let found = by_id!($unit, $id, $row of $table).get_result::<$row>($unit.conn);
        let Some(row) = found.optional()? else { return Ok(None) };
        let goal = $unit.goal_of(row.goal_id)?;
        goal.map(|goal| Ok(Sealed::new(Reported { goal, report: row.try_into()? }))).transpose()
    }};
}

impl GoalReports for Unit<'_> {
    fn check_ins(&mut self, goal: GoalId, page: &Page) -> Result<Vec<CheckIn>> {
        let rows = page_of_goal!(self, CheckInRow of check_in, goal, page);
        rows.into_iter().map(CheckIn::try_from).collect()
    }

    fn reports(&mut self, goal: GoalId) -> Result<Vec<(Vec<KeyResultReport>, i32)>> {
        let rows: Vec<(String, i32)> = check_in::table
            .filter(check_in::tenant_id.eq(self.scope()))
            .filter(check_in::goal_id.eq(Key(goal.uuid())))
            .filter(check_in::withdrawn_at.is_null())
            .order(check_in::id)
            .select((check_in::reports, check_in::confidence))
            .load(self.conn)?;
        rows.into_iter().map(|(reports, confidence)| Ok((json(&reports)?, confidence))).collect()
    }

    fn check_in(&mut self, id: CheckInId) -> Result<Option<Sealed<Reported<CheckIn>>>> {
        with_goal!(self, id, CheckInRow of check_in)
    }

    fn withdraw_check_in(&mut self, change: Change<CheckIn>) -> Result<()> {
        let Some(Withdrawal { at, by, reason }) = change.entity.withdrawal else { return Ok(()) };
        let (tenant, id) = (self.scope(), Key(change.entity.id.uuid()));
        let withdraw = WithdrawCheckIn { at: At(at), by: Key(by), reason, tenant, id };
        let saved = withdraw.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn last_check_ins(&mut self, goal: GoalId) -> Result<LastCheckIns> {
        let rows: Vec<(Key, i32, Option<String>)> = check_in::table
            .filter(check_in::tenant_id.eq(self.scope()))
            .filter(check_in::goal_id.eq(Key(goal.uuid())))
            .filter(check_in::withdrawn_at.is_null())
            .order(check_in::id.desc())
            .limit(2)
            .select((check_in::id, check_in::confidence, check_in::reported_so_far))
            .load(self.conn)?;
        let Some((id, _, so_far)) = rows.first() else { return Ok(LastCheckIns::default()) };
        Ok(LastCheckIns {
            last: Some(id.0.into()),
            // Totals that cannot be read are computed again.
            so_far: so_far.as_deref().and_then(|text| json(text).ok()),
            confidence: rows.iter().rev().map(|(_, confidence, _)| *confidence).collect(),
        })
    }

    fn reported_so_far(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, ReportedSoFar>> {
        // One look at the index for each goal, however many check-ins it has.
        const LAST: &str = "(SELECT c.reported_so_far FROM check_in c \
             WHERE c.tenant_id = goal.tenant_id AND c.goal_id = goal.id \
             AND c.withdrawn_at IS NULL ORDER BY c.id DESC LIMIT 1)";
        let mut found = HashMap::new();
        for goals in goals.chunks(KEYS) {
            let rows: Vec<(Key, Option<String>)> = goal::table
                .filter(goal::tenant_id.eq(self.scope()))
                .filter(one_of("goal.id", goals.iter().copied()))
                .select((goal::id, sql::<Nullable<Text>>(LAST)))
                .load(self.conn)?;
            // Totals that cannot be read are computed again.
            found.extend(rows.into_iter().filter_map(|(id, so_far)| {
                Some((id.0.into(), so_far.and_then(|text| json(&text).ok())?))
            }));
        }
        Ok(found)
    }

    fn reports_on(
        &mut self,
        goals: &[GoalId],
    ) -> Result<HashMap<GoalId, Vec<Vec<KeyResultReport>>>> {
        let mut found = HashMap::<GoalId, Vec<_>>::new();
        for goals in goals.chunks(KEYS) {
            let rows: Vec<(Key, String)> = check_in::table
                .filter(check_in::tenant_id.eq(self.scope()))
                .filter(one_of("check_in.goal_id", goals.iter().copied()))
                .filter(check_in::withdrawn_at.is_null())
                .order((check_in::goal_id, check_in::id))
                .select((check_in::goal_id, check_in::reports))
                .load(self.conn)?;
            for (goal, reports) in rows {
                found.entry(goal.0.into()).or_default().push(json(&reports)?);
            }
        }
        Ok(found)
    }

    fn measurements_of(&mut self, goals: &[GoalId]) -> Result<HashMap<GoalId, Vec<Measurement>>> {
        let mut found = HashMap::<GoalId, Vec<_>>::new();
        for goals in goals.chunks(KEYS) {
            let rows: Vec<MeasurementRow> = measurement::table
                .filter(measurement::tenant_id.eq(self.scope()))
                .filter(one_of("measurement.goal_id", goals.iter().copied()))
                .order((measurement::goal_id, measurement::id))
                .select(MeasurementRow::as_select())
                .load(self.conn)?;
            for row in rows {
                found.entry(row.goal_id.0.into()).or_default().push(row.try_into()?);
            }
        }
        Ok(found)
    }

    fn goal_settings(&mut self, cycles: &[CycleId]) -> Result<HashMap<CycleId, Settings>> {
        let rows: Vec<(Key, String)> =
            cycle::table
                .inner_join(policy::table.on(
                    policy::tenant_id.eq(cycle::tenant_id).and(policy::id.eq(cycle::policy_id)),
                ))
                .filter(cycle::tenant_id.eq(self.scope()))
                .filter(one_of("cycle.id", cycles.iter().copied()))
                .select((cycle::id, policy::rules))
                .load(self.conn)?;
        let settings = |(id, rules): (Key, String)| {
            let settings = json::<PolicyRules>(&rules)?.settings();
            let corrupt = |error: domain::DomainError| DbError::Corrupt(error.to_string());
            Ok((id.0.into(), settings.map_err(corrupt)?))
        };
        rows.into_iter().map(settings).collect()
    }

    fn forget_reported(&mut self, goal: GoalId, behind: CheckInId) -> Result<()> {
        let (tenant, goal, behind) = (self.scope(), Key(goal.uuid()), Key(behind.uuid()));
        Forget { tenant, goal, behind }.execute(self.conn)?;
        Ok(())
    }

    fn create_check_in(
        &mut self,
        change: Change<CheckIn>,
        so_far: Option<&ReportedSoFar>,
    ) -> Result<()> {
        let check_in = change.entity;
        let row = CheckInRow {
            tenant_id: self.scope(),
            id: Key(check_in.id.uuid()),
            goal_id: Key(check_in.goal_id.uuid()),
            author_id: Key(check_in.author_id.uuid()),
            reports: to_json(&check_in.reports)?,
            confidence: check_in.confidence,
            blockers: check_in.blockers,
            comment: check_in.comment,
            progress: check_in.progress.map(|progress| units(progress, 4)).transpose()?,
            created_at: At(check_in.created_at),
            withdrawn_at: None,
            withdrawn_by: None,
            withdrawal_reason: None,
        };
        let so_far = so_far.map(to_json).transpose()?;
        diesel::insert_into(check_in::table)
            .values((row, check_in::reported_so_far.eq(so_far)))
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn measurements(&mut self, goal: GoalId, page: &Page) -> Result<Vec<Measurement>> {
        let rows = page_of_goal!(self, MeasurementRow of measurement, goal, page);
        rows.into_iter().map(Measurement::try_from).collect()
    }

    fn measurement(&mut self, id: MeasurementId) -> Result<Option<Sealed<Reported<Measurement>>>> {
        with_goal!(self, id, MeasurementRow of measurement)
    }

    fn withdraw_measurement(&mut self, change: Change<Measurement>) -> Result<()> {
        let Some(Withdrawal { at, by, reason }) = change.entity.withdrawal else { return Ok(()) };
        let (tenant, id) = (self.scope(), Key(change.entity.id.uuid()));
        let withdraw = WithdrawMeasurement { at: At(at), by: Key(by), reason, tenant, id };
        let saved = withdraw.execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn create_measurement(&mut self, change: Change<Measurement>) -> Result<()> {
        let measurement = change.entity;
        diesel::insert_into(measurement::table)
            .values(MeasurementRow {
                tenant_id: self.scope(),
                id: Key(measurement.id.uuid()),
                goal_id: Key(measurement.goal_id.uuid()),
                period_start: measurement.period_start,
                source: measurement.source,
                external_id: measurement.external_id,
                revision: measurement.revision,
                value: measurement.value.to_string(),
                author_id: Key(measurement.author_id),
                created_at: At(measurement.created_at),
                withdrawn_at: None,
                withdrawn_by: None,
                withdrawal_reason: None,
            })
            .execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }
}
