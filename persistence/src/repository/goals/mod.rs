//! Goals and the tree they form.

mod changes;
mod dependencies;
mod drafts;
mod evaluation;
mod imports;
mod reports;

use super::among::one_of;
use super::engine::Unit;
use super::{Conn, Db, dialect};
use crate::column::{At, Id, Key, Word, guarded_update, json, statement, to_json, units, word};
use crate::error::DbError;
use crate::page::{Page, keyset, since};
use crate::ports::{GoalFilter, Goals, Result};
use crate::schema::{cycle, goal, goal_revision, participant, policy, review};
use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use domain::core::calendar;
use domain::core::change::Change;
use domain::core::id::{CycleId, EmployeeId, GoalId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::cycles::performance_policy::PolicyRules;
use domain::goals::goal::{FirstSignature, FormItem, Goal, GoalFrame, GoalRevision};
use domain::policy::{Relations, Sealed, Visibility};
use domain::state::goal::State;
use rust_decimal::Decimal;

/// The columns of the owner and of the manager who answers for the owner, for [`Unit::shown`].
const OWNER: &str = "goal.owner_id";
const MANAGER: &str = "participant.manager_id";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = goal, treat_none_as_default_value = false)]
pub(super) struct Row {
    tenant_id: Key,
    id: Key,
    cycle_id: Key,
    owner_id: Key,
    level: String,
    parent_id: Option<Key>,
    state: String,
    revision: i32,
    title: String,
    weight: i64,
    content: String,
    progress: Option<i64>,
    confidence: Option<i32>,
    checked_in_at: Option<At>,
    score: Option<i64>,
    scored_from: Option<String>,
    return_reason: Option<String>,
    signed_event: Option<String>,
    signed_seat: Option<String>,
    signed_by: Option<Key>,
    signed_at: Option<At>,
    version: i32,
    created_at: At,
    updated_at: At,
    deleted_at: Option<At>,
}

impl Row {
    fn new(tenant: Key, goal: &Goal) -> Result<Self> {
        let signature = goal.first_signature;
        Ok(Self {
            tenant_id: tenant,
            id: Key(goal.id.uuid()),
            cycle_id: Key(goal.cycle_id.uuid()),
            owner_id: Key(goal.owner_id.uuid()),
            level: goal.level.to_string(),
            parent_id: goal.parent_id.map(|id| Key(id.uuid())),
            state: goal.state.as_str().to_owned(),
            revision: goal.revision,
            title: goal.content.title.clone(),
            weight: units(goal.content.weight, 2)?,
            content: to_json(&goal.content)?,
            progress: goal.progress.map(|progress| units(progress, 4)).transpose()?,
            confidence: goal.confidence,
            checked_in_at: goal.checked_in_at.map(At),
            score: goal.score.map(|score| units(score, 2)).transpose()?,
            scored_from: goal.scored_from.map(|state| state.as_str().to_owned()),
            return_reason: goal.return_reason.clone(),
            signed_event: signature.map(|it| it.event.as_str().to_owned()),
            signed_seat: signature.map(|it| it.seat.as_str().to_owned()),
            signed_by: signature.map(|it| Key(it.account_id.uuid())),
            signed_at: signature.map(|it| At(it.at)),
            version: goal.version,
            created_at: At(goal.created_at),
            updated_at: At(goal.updated_at),
            deleted_at: goal.deleted_at.map(At),
        })
    }

    fn first_signature(&self) -> Result<Option<FirstSignature>> {
        let (Some(event), Some(seat), Some(by), Some(at)) =
            (&self.signed_event, &self.signed_seat, self.signed_by, self.signed_at)
        else {
            return Ok(None);
        };
        let (event, seat) = (word(event)?, word(seat)?);
        Ok(Some(FirstSignature { event, seat, account_id: by.0.into(), at: at.0 }))
    }
}

/// A goal with the state of its cycle, the manager who answers for its owner, and the state of the
/// owner's review.
#[derive(Queryable, Selectable)]
#[diesel(table_name = goal)]
pub(super) struct Found {
    #[diesel(embed)]
    row: Row,
    #[diesel(select_expression = cycle::state)]
    cycle_state: String,
    #[diesel(select_expression = participant::manager_id.nullable())]
    manager: Option<Key>,
    #[diesel(select_expression = review::state.nullable())]
    review_state: Option<String>,
    #[diesel(select_expression = review::id.nullable())]
    review_id: Option<Key>,
}

pub(super) fn entity(found: Found) -> Result<Goal> {
    let Found { row, cycle_state, manager, review_state, review_id } = found;
    Ok(Goal {
        first_signature: row.first_signature()?,
        id: row.id.0.into(),
        cycle_id: row.cycle_id.0.into(),
        owner_id: row.owner_id.0.into(),
        manager_id: manager.map(|id| id.0.into()),
        level: word(&row.level)?,
        parent_id: row.parent_id.map(|id| id.0.into()),
        state: word(&row.state)?,
        revision: row.revision,
        content: json(&row.content)?,
        progress: row.progress.map(|progress| Decimal::new(progress, 4)),
        confidence: row.confidence,
        checked_in_at: row.checked_in_at.map(|at| at.0),
        score: row.score.map(|score| Decimal::new(score, 2)),
        scored_from: row.scored_from.as_deref().map(word).transpose()?,
        return_reason: row.return_reason,
        cycle_state: word(&cycle_state)?,
        review_state: review_state.as_deref().map(word).transpose()?,
        review_id: review_id.map(|id| id.0.into()),
        version: row.version,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
        deleted_at: row.deleted_at.map(|at| at.0),
    })
}

/// The participants who own goals, to be joined with the goals.
#[diesel::dsl::auto_type(no_type_alias)]
fn owners_of_goals() -> _ {
    participant::table.on(participant::tenant_id
        .eq(goal::tenant_id)
        .and(participant::cycle_id.eq(goal::cycle_id))
        .and(participant::employee_id.eq(goal::owner_id)))
}

/// The tenant's goals, joined with their cycles, participants and reviews.
macro_rules! goals {
    ($unit:expr) => {
        goal::table
            .inner_join(
                cycle::table
                    .on(cycle::tenant_id.eq(goal::tenant_id).and(cycle::id.eq(goal::cycle_id))),
            )
            .left_join(owners_of_goals())
            .left_join(
                review::table.on(review::tenant_id
                    .eq(goal::tenant_id)
                    .and(review::participant_id.nullable().eq(participant::id.nullable()))),
            )
            .filter(goal::tenant_id.eq($unit.scope()))
    };
}

use goals;

/// Limits a query of goals to those that fit a filter and may be seen. A list of changes shows deleted ones
/// too.
macro_rules! listed {
    ($goals:expr, $unit:ident, $filter:expr, $visible:expr, $since:expr) => {{
        let filter: &GoalFilter = $filter;
        let mut query = $goals.filter($unit.shown(OWNER, MANAGER, $visible)).into_boxed::<Db>();
        if $since.is_none() {
            query = query.filter(goal::deleted_at.is_null());
        }
        if let Some(cycle) = filter.cycle_id {
            query = query.filter(goal::cycle_id.eq(Key(cycle.uuid())));
        }
        if let Some(owner) = filter.owner_id {
            query = query.filter(goal::owner_id.eq(Key(owner.uuid())));
        }
        if let Some(state) = filter.state {
            query = query.filter(goal::state.eq(Word(state)));
        }
        if let Some(level) = filter.level {
            query = query.filter(goal::level.eq(Word(level)));
        }
        if let Some(parent) = filter.parent_id {
            query = query.filter(goal::parent_id.eq(Key(parent.uuid())));
        }
        if !filter.ids.is_empty() {
            query = query.filter(one_of("goal.id", filter.ids.iter().copied()));
        }
        query
    }};
}

/// A page of the rows that belong to a goal, ordered by id.
macro_rules! page_of_goal {
    ($unit:ident, $row:ident of $table:ident, $goal:expr, $page:ident) => {{
        let mut query = $table::table
            .filter($table::tenant_id.eq($unit.scope()))
            .filter($table::goal_id.eq(Key($goal.uuid())))
            .order($table::id)
            .select($row::as_select())
            .limit($page.limit)
            .into_boxed();
        if let Some(id) = $page.after_id() {
            query = query.filter($table::id.gt(Key(id)));
        }
        query.load::<$row>($unit.conn)?
    }};
}
use page_of_goal;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = goal_revision)]
struct RevisionRow {
    tenant_id: Key,
    goal_id: Key,
    revision: i32,
    content: String,
    effective_from: NaiveDate,
    approved_by: Key,
    approved_at: At,
}

impl TryFrom<RevisionRow> for GoalRevision {
    type Error = DbError;

    fn try_from(row: RevisionRow) -> Result<Self> {
        Ok(Self {
            goal_id: row.goal_id.0.into(),
            revision: row.revision,
            content: json(&row.content)?,
            effective_from: row.effective_from,
            approved_by: row.approved_by.0.into(),
            approved_at: row.approved_at.0,
        })
    }
}

guarded_update! {
    /// Saves a goal, guarded by its version.
    struct Update of goal {
        level, parent_id, state, revision, title, weight, content, progress, confidence, checked_in_at, score, scored_from, return_reason, signed_event, signed_seat, signed_by, signed_at, deleted_at,
    }
}

statement! {
    /// A goal and the goals above it, nearest first, one level more than the longest path allowed.
    struct Upward { tenant: Key, id: Key } -> (Integer, Id);
    "WITH RECURSIVE way (steps, id) AS (
       SELECT 1, " id "
       UNION ALL
       SELECT way.steps + 1, g.parent_id FROM way
         JOIN goal g ON g.tenant_id = " tenant " AND g.id = way.id
        WHERE g.parent_id IS NOT NULL AND way.steps <= 10
     )
     SELECT steps, id FROM way ORDER BY steps"
}

statement! {
    /// The edges below a goal, as many levels as [`Upward`] reads.
    struct Downward { tenant: Key, id: Key } -> (Id, Id);
    "WITH RECURSIVE way (steps, id, parent_id) AS (
       SELECT 1, g.id, g.parent_id FROM goal g
        WHERE g.tenant_id = " tenant " AND g.parent_id = " id " AND g.deleted_at IS NULL
       UNION
       SELECT way.steps + 1, g.id, g.parent_id FROM way
         JOIN goal g ON g.tenant_id = " tenant " AND g.parent_id = way.id
        WHERE g.deleted_at IS NULL AND way.steps <= 10
     )
     SELECT DISTINCT id, parent_id FROM way"
}

impl Unit<'_> {
    /// The goal to which a row belongs, be it deleted.
    fn goal_of(&mut self, id: Key) -> Result<Option<Goal>> {
        Ok(self.goals_above(id.0.into())?.into_iter().next())
    }
}

impl Goals for Unit<'_> {
    fn goal(&mut self, id: GoalId) -> Result<Option<Sealed<Goal>>> {
        let found: Option<Found> = goals!(self)
            .filter(goal::id.eq(Key(id.uuid())))
            .filter(goal::deleted_at.is_null())
            .select(Found::as_select())
            .get_result(self.conn)
            .optional()?;
        found.map(|found| entity(found).map(Sealed::new)).transpose()
    }

    fn goals(
        &mut self,
        filter: &GoalFilter,
        visible: &Visibility,
        page: &Page,
    ) -> Result<Vec<(Sealed<Goal>, Relations)>> {
        let [direct, under, within] = self.standing(OWNER, visible);
        let goals =
            goals!(self).select((Found::as_select(), direct, under, within)).limit(page.limit);
        let query = listed!(goals, self, filter, visible, page.updated_since);
        let rows: Vec<(Found, bool, bool, bool)> = keyset!(query, goal, page).load(self.conn)?;
        let goals = rows.into_iter().map(|(found, direct_manager, chain_manager, in_units)| {
            let relations =
                Relations { direct_manager, chain_manager, in_units, ..Relations::default() };
            Ok((Sealed::new(entity(found)?), relations))
        });
        goals.collect()
    }

    fn count_goals(
        &mut self,
        filter: &GoalFilter,
        visible: &Visibility,
        updated_since: Option<Timestamp>,
    ) -> Result<i64> {
        let goals = goals!(self).select(count_star());
        let query = listed!(goals, self, filter, visible, updated_since);
        Ok(since!(query, goal, updated_since).get_result(self.conn)?)
    }

    fn lock_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<()> {
        let form = participant::table
            .filter(participant::tenant_id.eq(self.scope()))
            .filter(participant::cycle_id.eq(Key(cycle.uuid())))
            .filter(participant::employee_id.eq(Key(owner.uuid())))
            .select(participant::id);
        dialect::for_update!(form).load::<Key>(self.conn)?;
        Ok(())
    }

    fn goal_frame(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Option<GoalFrame>> {
        type Framed =
            (String, NaiveDate, NaiveDate, Key, String, String, String, Option<Key>, Option<Key>);
        let framed: Option<Framed> =
            cycle::table
                .inner_join(policy::table.on(
                    policy::tenant_id.eq(cycle::tenant_id).and(policy::id.eq(cycle::policy_id)),
                ))
                .left_join(
                    participant::table.on(participant::tenant_id
                        .eq(cycle::tenant_id)
                        .and(participant::cycle_id.eq(cycle::id))
                        .and(participant::employee_id.eq(Key(owner.uuid())))),
                )
                .filter(cycle::tenant_id.eq(self.scope()))
                .filter(cycle::id.eq(Key(cycle.uuid())))
                .select((
                    cycle::state,
                    cycle::period_start,
                    cycle::period_end,
                    policy::id,
                    policy::rules,
                    cycle::dropped,
                    cycle::department_weights,
                    participant::id.nullable(),
                    participant::manager_id.nullable(),
                ))
                .get_result(self.conn)
                .optional()?;
        let Some((state, start, end, policy, rules, dropped, weights, participant, manager)) =
            framed
        else {
            return Ok(None);
        };
        let corrupt = |error: domain::DomainError| DbError::Corrupt(error.to_string());
        let rules: PolicyRules = json(&rules)?;
        Ok(Some(GoalFrame {
            cycle_state: word(&state)?,
            period: calendar::Period::new(start, end).map_err(corrupt)?,
            policy_id: policy.0.into(),
            settings: rules.settings().map_err(corrupt)?,
            rules,
            dropped: json(&dropped)?,
            department_weights: json(&weights)?,
            participates: participant.is_some(),
            manager_id: manager.map(|id| id.0.into()),
        }))
    }

    fn goal_form(&mut self, cycle: CycleId, owner: EmployeeId) -> Result<Vec<FormItem>> {
        let rows: Vec<(Key, i64)> = goal::table
            .filter(goal::tenant_id.eq(self.scope()))
            .filter(goal::cycle_id.eq(Key(cycle.uuid())))
            .filter(goal::owner_id.eq(Key(owner.uuid())))
            .filter(goal::state.ne(Word(State::Cancelled)))
            .filter(goal::deleted_at.is_null())
            .order(goal::id)
            .select((goal::id, goal::weight))
            .load(self.conn)?;
        let item = |(id, weight): (Key, i64)| FormItem {
            id: id.0.into(),
            weight: Decimal::new(weight, 2),
        };
        Ok(rows.into_iter().map(item).collect())
    }

    fn goals_above(&mut self, id: GoalId) -> Result<Vec<Goal>> {
        let upward = Upward { tenant: self.scope(), id: Key(id.uuid()) };
        let steps: Vec<(i32, Key)> = upward.load(self.conn)?;
        let found: Vec<Found> = goals!(self)
            .filter(goal::id.eq_any(steps.iter().map(|(_, id)| *id)))
            .select(Found::as_select())
            .load(self.conn)?;
        let mut goals = found.into_iter().map(entity).collect::<Result<Vec<_>>>()?;
        let place = |goal: &Goal| steps.iter().position(|(_, id)| id.0 == goal.id.uuid());
        goals.sort_by_key(place);
        Ok(goals)
    }

    fn edges_below(&mut self, id: GoalId) -> Result<Vec<(GoalId, GoalId)>> {
        let downward = Downward { tenant: self.scope(), id: Key(id.uuid()) };
        let edges: Vec<(Key, Key)> = downward.load(self.conn)?;
        Ok(edges.into_iter().map(|(child, parent)| (child.0.into(), parent.0.into())).collect())
    }

    fn goals_under(&mut self, id: GoalId) -> Result<Vec<Goal>> {
        let found: Vec<Found> = goals!(self)
            .filter(goal::parent_id.eq(Key(id.uuid())))
            .filter(goal::deleted_at.is_null())
            .order(goal::id)
            .select(Found::as_select())
            .load(self.conn)?;
        found.into_iter().map(entity).collect()
    }

    fn create_goal(&mut self, change: Change<Goal>) -> Result<()> {
        let row = Row::new(self.scope(), &change.entity)?;
        diesel::insert_into(goal::table).values(row).execute(self.conn)?;
        self.record(change.record);
        Ok(())
    }

    fn update_goal(&mut self, change: Change<Goal>) -> Result<()> {
        let row = Row::new(self.scope(), &change.entity)?;
        let saved = Update(row).execute(self.conn)?;
        self.guard(saved)?;
        self.record(change.record);
        Ok(())
    }

    fn revise_goal(&mut self, revision: &GoalRevision) -> Result<()> {
        diesel::insert_into(goal_revision::table)
            .values(RevisionRow {
                tenant_id: self.scope(),
                goal_id: Key(revision.goal_id.uuid()),
                revision: revision.revision,
                content: to_json(&revision.content)?,
                effective_from: revision.effective_from,
                approved_by: Key(revision.approved_by.uuid()),
                approved_at: At(revision.approved_at),
            })
            .execute(self.conn)?;
        Ok(())
    }

    fn goal_revisions(&mut self, id: GoalId, page: &Page) -> Result<Vec<GoalRevision>> {
        let after = i32::try_from(page.after_position()).unwrap_or(i32::MAX);
        let rows: Vec<RevisionRow> = goal_revision::table
            .filter(goal_revision::tenant_id.eq(self.scope()))
            .filter(goal_revision::goal_id.eq(Key(id.uuid())))
            .filter(goal_revision::revision.gt(after))
            .order(goal_revision::revision)
            .select(RevisionRow::as_select())
            .limit(page.limit)
            .load(self.conn)?;
        rows.into_iter().map(GoalRevision::try_from).collect()
    }
}
