//! The schema, once for both engines.

#![allow(missing_docs, reason = "the macro writes one public item per column")]

use crate::card::cards;
use crate::record::kind::{At, Day, Flag, Int, Json, Key, Text, Word};
use crate::record::record;
use domain::access::account::RoleAssignment;
use domain::core::id::EmployeeId;
use domain::cycles::participant::Participant;
use domain::cycles::performance_policy::PerformancePolicy;
use domain::cycles::weight_adjustment::WeightAdjustment;
use domain::goals::dependency::Dependency;
use domain::goals::goal::{Goal, GoalChange};
use domain::people::org::Position;
use domain::reviews::calibration_session::{CalibrationSession, SessionMember, SessionMove};

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    tenant (id) {
        id -> Id,
        slug -> Text,
        name -> Text,
        locale -> Text,
        time_zone -> Text,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    ledger (tenant_id) {
        tenant_id -> Id,
        audit_position -> BigInt,
        audit_hash -> Binary,
        event_position -> BigInt,
        read_position -> BigInt,
        read_hash -> Binary,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    signing_key (kid) {
        kid -> Text,
        secret -> Binary,
        created_at -> Instant,
        retired_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    org_unit (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        code -> Text,
        name -> Text,
        kind -> Text,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    org_unit_placement (tenant_id, org_unit_id, effective_from) {
        tenant_id -> Id,
        org_unit_id -> Id,
        effective_from -> Date,
        effective_to -> Nullable<Date>,
        parent_id -> Nullable<Id>,
    }
}

record! {
    /// The catalogue of positions.
    PositionRow of position keeps Position {
        id: Key,
        mut code: Text,
        mut title: Text,
        mut level: Int,
        version: Int,
        created_at: At,
        updated_at: At,
        mut deleted_at: Option<At>,
    }
}

cards! {
    account ();
    cycle (name = name, state = state, first = period_start, last = period_end);
    employee (name = name, code = employee_number);
    org_unit (name = name, code = code);
    participant ();
    policy (name = name, code = code);
    position (name = title, code = code);
}

/// Hands the plain nouns to a macro: those of which nothing is asked but what every noun answers.
/// They are found by their ids until they are deleted, added, saved and listed, and a column of
/// another table may name them.
macro_rules! plain_nouns {
    ($then:ident) => {
        $then! {
            PositionRow of position by domain::core::id::PositionId, domain::people::org::Position,
                named by assignment.position_id;
        }
    };
}
pub(crate) use plain_nouns;

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    employee (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        employee_number -> Text,
        name -> Text,
        email -> Nullable<Text>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    assignment (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        employee_id -> Id,
        effective_from -> Date,
        effective_to -> Nullable<Date>,
        org_unit_id -> Nullable<Id>,
        position_id -> Nullable<Id>,
        job_title -> Nullable<Text>,
        manager_id -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    employment (tenant_id, employee_id, hire_date) {
        tenant_id -> Id,
        employee_id -> Id,
        hire_date -> Date,
        last_day -> Nullable<Date>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    employee_external_id (tenant_id, system, value) {
        tenant_id -> Id,
        system -> Text,
        value -> Text,
        employee_id -> Id,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    employee_search (tenant_id, term, employee_id) {
        tenant_id -> Id,
        term -> Text,
        employee_id -> Id,
        shared -> Integer,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    account (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        login -> Text,
        login_key -> Text,
        employee_id -> Nullable<Id>,
        status -> Text,
        password_hash -> Nullable<Text>,
        session_epoch -> Integer,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        credential_by -> Nullable<Id>,
        credential_at -> Instant,
        email_by -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    setup_token (tenant_id, token_hash) {
        tenant_id -> Id,
        token_hash -> Binary,
        account_id -> Id,
        expires_at -> Instant,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    session (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        account_id -> Id,
        generation -> Integer,
        created_at -> Instant,
        rotated_at -> Instant,
        expires_at -> Instant,
        revoked_at -> Nullable<Instant>,
    }
}

record! {
    /// Who holds which role.
    RoleAssignmentRow of role_assignment keeps RoleAssignment {
        id: Key,
        account_id: Key,
        role: Word,
        org_unit_id: Option<Key>,
        valid_from: Day,
        mut valid_to: Option<Day>,
        version: Int,
        created_at: At,
        updated_at: At,
        mut deleted_at: Option<At>,
        given_by: Option<Key>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    api_key (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        name -> Text,
        prefix -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        org_unit_id -> Nullable<Id>,
        owner_account_id -> Id,
        expires_at -> Nullable<Instant>,
        last_used_at -> Nullable<Instant>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
        made_by -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    audit_entry (tenant_id, position) {
        tenant_id -> Id,
        position -> BigInt,
        id -> Id,
        at -> Instant,
        actor_kind -> Text,
        actor_id -> Nullable<Id>,
        on_behalf_of -> Nullable<Id>,
        action -> Text,
        resource -> Text,
        resource_id -> Id,
        from_state -> Nullable<Text>,
        to_state -> Nullable<Text>,
        reason -> Nullable<Text>,
        rule -> Text,
        request_id -> Text,
        details_digest -> Binary,
        previous_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    audit_detail (tenant_id, position) {
        tenant_id -> Id,
        position -> BigInt,
        salt -> Binary,
        details -> Text,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    audit_head (tenant_id, number) {
        tenant_id -> Id,
        number -> BigInt,
        id -> Id,
        at -> Instant,
        audit_position -> BigInt,
        audit_hash -> Binary,
        read_position -> BigInt,
        read_hash -> Binary,
        public_key -> Binary,
        signature -> Binary,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    read_entry (tenant_id, position) {
        tenant_id -> Id,
        position -> BigInt,
        id -> Id,
        at -> Instant,
        reader_kind -> Text,
        reader_id -> Id,
        employee_id -> Nullable<Id>,
        operation -> Text,
        request_id -> Text,
        subjects -> BigInt,
        subjects_digest -> Binary,
        previous_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    read_subject (tenant_id, position, review_id) {
        tenant_id -> Id,
        position -> BigInt,
        review_id -> Id,
        employee_id -> Id,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    event (tenant_id, position) {
        tenant_id -> Id,
        position -> BigInt,
        id -> Id,
        #[sql_name = "type"]
        kind -> Text,
        resource -> Text,
        resource_id -> Id,
        at -> Instant,
        data -> Text,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    idempotency (tenant_id, principal_id, key) {
        tenant_id -> Id,
        principal_id -> Id,
        key -> Text,
        request_digest -> Binary,
        status -> Integer,
        headers -> Text,
        body -> Binary,
        created_at -> Instant,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    job (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        kind -> Text,
        state -> Text,
        done -> BigInt,
        total -> Nullable<BigInt>,
        result -> Nullable<Text>,
        author_kind -> Text,
        author_id -> Id,
        request_id -> Text,
        attempts -> Integer,
        lease_until -> Nullable<Instant>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    job_input (tenant_id, job_id) {
        tenant_id -> Id,
        job_id -> Id,
        content -> Binary,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    job_report (tenant_id, job_id) {
        tenant_id -> Id,
        job_id -> Id,
        made_at -> Instant,
        content -> Binary,
    }
}

record! {
    /// Versions of the performance policy.
    PolicyRow of policy keeps PerformancePolicy {
        id: Key,
        code: Text,
        mut name: Text,
        number: Int,
        mut state: Word,
        mut rules: Json,
        mut published_at: Option<At>,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    cycle (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        code -> Text,
        name -> Text,
        kind -> Text,
        policy_id -> Id,
        state -> Text,
        period_start -> Date,
        period_end -> Date,
        schedule -> Text,
        raci -> Text,
        org_unit_ids -> Text,
        dropped -> Text,
        department_weights -> Text,
        launched_at -> Nullable<Instant>,
        published_at -> Nullable<Instant>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    cycle_approval (tenant_id, cycle_id, event, account_id) {
        tenant_id -> Id,
        cycle_id -> Id,
        event -> Text,
        account_id -> Id,
        seat -> Text,
        at -> Instant,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    former_leader (tenant_id, participant_id, employee_id) {
        tenant_id -> Id,
        participant_id -> Id,
        employee_id -> Id,
    }
}

record! {
    /// Who takes part in a cycle.
    ParticipantRow of participant keeps Participant {
        id: Key,
        cycle_id: Key,
        employee_id: Key,
        org_unit_id: Option<Key>,
        department_id: Option<Key>,
        mut manager_id: Option<Key>,
        population: Option<Text>,
        mut exclusion: Option<Word>,
        mut counts_for_quota: Flag,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    goal (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        cycle_id -> Id,
        owner_id -> Id,
        level -> Text,
        parent_id -> Nullable<Id>,
        state -> Text,
        revision -> Integer,
        title -> Text,
        weight -> BigInt,
        content -> Text,
        progress -> Nullable<BigInt>,
        confidence -> Nullable<Integer>,
        checked_in_at -> Nullable<Instant>,
        score -> Nullable<BigInt>,
        scored_from -> Nullable<Text>,
        return_reason -> Nullable<Text>,
        signed_event -> Nullable<Text>,
        signed_seat -> Nullable<Text>,
        signed_by -> Nullable<Id>,
        signed_at -> Nullable<Instant>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    goal_revision (tenant_id, goal_id, revision) {
        tenant_id -> Id,
        goal_id -> Id,
        revision -> Integer,
        content -> Text,
        effective_from -> Date,
        approved_by -> Id,
        approved_at -> Instant,
    }
}

record! {
    /// Departments' requests for their own dimension weights.
    WeightAdjustmentRow of weight_adjustment keeps WeightAdjustment {
        id: Key,
        cycle_id: Key,
        department_id: Key,
        population: Text,
        mut weights: Json,
        mut reason: Text,
        mut state: Word,
        requested_by: Key,
        mut decided_by: Option<Key>,
        mut decision_reason: Option<Text>,
        mut filing_number: Option<Text>,
        mut effective_at: Option<At>,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

record! {
    /// What goals need from each other.
    DependencyRow of dependency keeps Dependency {
        id: Key,
        cycle_id: Key,
        upstream_goal_id: Key,
        downstream_goal_id: Key,
        upstream_owner_id: Key,
        downstream_owner_id: Key,
        need_date: Day,
        description: Text,
        mut state: Word,
        mut slack: Option<Int>,
        mut decision_reason: Option<Text>,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

record! {
    /// Requests to change an active goal.
    GoalChangeRow of goal_change keeps GoalChange with { goal: Goal } {
        id: Key,
        goal_id: Key,
        mut state: Word,
        content: Json,
        reason: Text,
        evidence: Json,
        effective_from: Day,
        requested_by: Key,
        mut decided_by: Option<Key>,
        mut decision_reason: Option<Text>,
        created_at: At,
        once decided_at: Option<At>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    check_in (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        goal_id -> Id,
        author_id -> Id,
        reports -> Text,
        confidence -> Integer,
        blockers -> Nullable<Text>,
        comment -> Nullable<Text>,
        progress -> Nullable<BigInt>,
        created_at -> Instant,
        withdrawn_at -> Nullable<Instant>,
        withdrawn_by -> Nullable<Id>,
        withdrawal_reason -> Nullable<Text>,
        reported_so_far -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    measurement (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        goal_id -> Id,
        period_start -> Date,
        source -> Text,
        external_id -> Text,
        revision -> Integer,
        value -> Text,
        author_id -> Id,
        created_at -> Instant,
        withdrawn_at -> Nullable<Instant>,
        withdrawn_by -> Nullable<Id>,
        withdrawal_reason -> Nullable<Text>,
    }
}

record! {
    /// Calibration sessions.
    CalibrationSessionRow of calibration_session keeps CalibrationSession
    with { members: Vec<SessionMember> } {
        id: Key,
        cycle_id: Key,
        mut name: Text,
        mut state: Word,
        mut department_ids: Json,
        mut participant_ids: Json,
        mut scheduled_on: Option<Day>,
        mut override_reason: Option<Text>,
        mut overridden_by: Option<Key>,
        mut overridden_at: Option<At>,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    calibration_member (tenant_id, session_id, employee_id) {
        tenant_id -> Id,
        session_id -> Id,
        employee_id -> Id,
        seat -> Text,
        present -> Bool,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    review (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        participant_id -> Id,
        state -> Text,
        self_review -> Text,
        manager_review -> Text,
        founded -> Bool,
        excepted -> Bool,
        performance -> Nullable<BigInt>,
        composite -> Nullable<BigInt>,
        collaboration -> Nullable<BigInt>,
        computed_grade -> Nullable<Text>,
        calibrated_grade -> Nullable<Text>,
        final_grade -> Nullable<Text>,
        veto_grade -> Nullable<Text>,
        session_id -> Nullable<Id>,
        disagreement -> Nullable<Text>,
        acknowledged_at -> Nullable<Instant>,
        graded_at -> Nullable<Instant>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

diesel::table! {
    use crate::column::Id;
    use diesel::sql_types::*;

    shown_grade (tenant_id, cycle_id, participant_id, renewal) {
        tenant_id -> Id,
        cycle_id -> Id,
        participant_id -> Id,
        renewal -> Integer,
        pooled -> Bool,
        grade -> Nullable<Text>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    result_trace (tenant_id, review_id, revision) {
        tenant_id -> Id,
        review_id -> Id,
        revision -> Integer,
        formula_version -> Integer,
        policy_id -> Id,
        trace -> Text,
        digest -> Binary,
        computed_at -> Instant,
    }
}

record! {
    /// Moves of grades in calibration sessions.
    MoveRow of calibration_move keeps SessionMove with { employee_id: EmployeeId } {
        id: Key,
        session_id: Key,
        review_id: Key,
        from_grade as from: Word,
        to_grade as to: Word,
        reasons: Json,
        text: Text,
        evidence: Json,
        sentence: Text,
        veto_cap: Option<Word>,
        mut state: Word,
        proposed_by as proposer: Key,
        mut approved_by as approvers: Json,
        version: Int,
        created_at: At,
        updated_at: At,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    signature (tenant_id, resource_id, act, account_id) {
        tenant_id -> Id,
        resource_id -> Id,
        act -> Text,
        account_id -> Id,
        employee_id -> Id,
        behind -> Text,
        at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    tenant,
    ledger,
    signing_key,
    org_unit,
    org_unit_placement,
    position,
    employee,
    employment,
    assignment,
    employee_external_id,
    employee_search,
    account,
    setup_token,
    session,
    role_assignment,
    api_key,
    audit_entry,
    audit_detail,
    audit_head,
    read_entry,
    read_subject,
    event,
    idempotency,
    job,
    job_input,
    job_report,
    policy,
    cycle,
    cycle_approval,
    former_leader,
    participant,
    goal,
    goal_revision,
    goal_change,
    weight_adjustment,
    dependency,
    check_in,
    measurement,
    calibration_session,
    calibration_member,
    review,
    shown_grade,
    result_trace,
    calibration_move,
    signature,
);
