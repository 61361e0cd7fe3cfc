//! The schema, once for both engines.

#![allow(missing_docs, reason = "the macro writes one public item per column")]

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

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    position (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        code -> Text,
        title -> Text,
        level -> Integer,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    employee (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        employee_number -> Text,
        name -> Text,
        email -> Nullable<Text>,
        hire_date -> Date,
        termination_date -> Nullable<Date>,
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

diesel::table! {
    use crate::column::{Id, Instant};
    use diesel::sql_types::*;

    role_assignment (tenant_id, id) {
        tenant_id -> Id,
        id -> Id,
        account_id -> Id,
        role -> Text,
        org_unit_id -> Nullable<Id>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        version -> Integer,
        created_at -> Instant,
        updated_at -> Instant,
        deleted_at -> Nullable<Instant>,
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
        details -> Nullable<Text>,
        salt -> Nullable<Binary>,
        details_digest -> Binary,
        previous_hash -> Binary,
        hash -> Binary,
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
        input -> Binary,
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

diesel::allow_tables_to_appear_in_same_query!(
    tenant,
    ledger,
    signing_key,
    org_unit,
    org_unit_placement,
    position,
    employee,
    assignment,
    employee_external_id,
    account,
    setup_token,
    session,
    role_assignment,
    api_key,
    audit_entry,
    event,
    idempotency,
    job,
);
