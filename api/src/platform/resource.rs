//! What clients see and send of a record, whose fields each side names alike.

/// Declares the view of a record, the body that creates one and the merge patch that changes one, each
/// field named once.
///
/// A field has the limits of what is sent in brackets, an example, and behind `=>` another one for the
/// patch: `[minimum = 1, maximum = 30] 4 => 5, level: i32`. `allowed_actions: words::PositionAction by
/// Action::PositionWrite` says what can be done to the record by whom. The record has `id`, `version`,
/// `created_at`, `updated_at` and `deleted_at` besides.
macro_rules! resource {
    (
        $(#[$of_view:meta])* pub struct $view:ident as $schema:ident of $record:ident;
        $(#[$of_new:meta])* pub struct $new:ident;
        $(#[$of_patch:meta])* pub struct $patch:ident;
        $(#[$of_id:meta])* id;
        $(#[$of_deleted:meta])* deleted_at;
        allowed_actions: $words:ident::$offer:ident by $write:expr;
        $(
            $(#[$of_field:meta])*
            [$($limits:tt)*] $example:tt => $changed:tt, $field:ident: $type:ty;
        )*
    ) => {
        $(#[$of_view])*
        #[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $view {
            $(#[$of_id])*
            pub id: uuid::Uuid,
            $(
                $(#[$of_field])*
                #[schema(example = $example)]
                pub $field: $type,
            )*
            /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
            #[schema(value_type = HashSet<$words::$offer>)]
            pub allowed_actions: Vec<$offer>,
            /// Version of the record: starts at 1 and grows by 1 with each change.
            #[schema(example = 1)]
            pub version: i32,
            /// When the record was created.
            pub created_at: chrono::DateTime<chrono::Utc>,
            /// When the record was last changed.
            pub updated_at: chrono::DateTime<chrono::Utc>,
            $(#[$of_deleted])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub deleted_at: Option<chrono::DateTime<chrono::Utc>>,
        }

        impl $view {
            /// The record as a caller is shown it.
            fn new(actor: &$crate::platform::caller::Actor, record: $record) -> Self {
                let target = domain::policy::Protected::target(&record, actor.today);
                Self {
                    allowed_actions: match record.deleted_at {
                        None => actor.offers($write, &target),
                        Some(_) => Vec::new(),
                    },
                    id: record.id.uuid(),
                    $($field: record.$field,)*
                    version: record.version,
                    created_at: record.created_at,
                    updated_at: record.updated_at,
                    deleted_at: record.deleted_at,
                }
            }
        }

        $(#[$of_new])*
        #[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $new {
            $(
                $(#[$of_field])*
                #[schema($($limits)*, example = $example)]
                pub $field: $type,
            )*
        }

        impl $new {
            /// The record as it is created.
            fn record(self, id: uuid::Uuid, now: chrono::DateTime<chrono::Utc>) -> $record {
                $record {
                    id: id.into(),
                    $($field: self.$field,)*
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    deleted_at: None,
                }
            }
        }

        $(#[$of_patch])*
        #[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $patch {
            $(
                $(#[$of_field])*
                #[schema($($limits)*, nullable = false, example = $changed)]
                pub $field: Option<$type>,
            )*
        }

        impl $patch {
            /// The record after the change.
            fn applied(self, before: &$record, now: chrono::DateTime<chrono::Utc>) -> $record {
                $record {
                    $($field: self.$field.unwrap_or_else(|| before.$field.clone()),)*
                    version: before.version + 1,
                    updated_at: now,
                    ..before.clone()
                }
            }
        }
    };
}
pub(crate) use resource;

/// Declares the view of a record, each field named once: it is the field of the record with that name,
/// or what is said behind `=`.
///
/// `pub struct GoalRevisionView as GoalRevision of (revision: GoalRevision);` names the record, and
/// behind it whatever else fields are made of. Where a second struct follows, it is the body that asks
/// for a record: of the fields with `sent as`, each with the type and the limits of what is sent.
///
/// `let moved = shown.outline();` in front of the fields names the part of the record that the mask lets
/// everybody see. It appends version and times to the fields, and what the contract says of `created_at`
/// comes next.
macro_rules! view {
    (
        $(#[$of_view:meta])* pub struct $view:ident as $schema:ident of $from:tt;
        let $outline:ident = $shown:expr;
        $(#[$of_created:meta])* created_at;
        $($fields:tt)*
    ) => {
        $crate::platform::resource::view! {
            @[let $outline = $shown;]
            $(#[$of_view])* pub struct $view as $schema of $from;
            $($fields)*
            /// Version of the record: starts at 1 and grows by 1 with each change.
            #[schema(example = 1)]
            version: i32 = $outline.version;
            $(#[$of_created])*
            created_at: chrono::DateTime<chrono::Utc> = $outline.created_at;
            /// When the record was last changed.
            updated_at: chrono::DateTime<chrono::Utc> = $outline.updated_at;
        }
    };
    (
        $(#[$of_view:meta])* pub struct $view:ident as $schema:ident of $from:tt;
        $(#[$of_new:meta])* pub struct $new:ident;
        $(
            $(#[$of_field:meta])* $field:ident: $type:ty $(= $value:expr)?
            $(, sent $(#[$of_sent:meta])* as $sent:ty)?;
        )*
    ) => {
        $crate::platform::resource::view! {
            $(#[$of_view])* pub struct $view as $schema of $from;
            $($(#[$of_field])* $field: $type $(= $value)?;)*
        }

        $(#[$of_new])*
        #[derive(Clone, Debug, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $new {
            $($(
                $(#[$of_sent])*
                pub $field: $sent,
            )?)*
        }
    };
    (
        $(@[$($named:tt)*])?
        $(#[$of_view:meta])* pub struct $view:ident as $schema:ident
        of ($record:ident: $record_type:ty $(, $with:ident: $with_type:ty)* $(,)?);
        $($(#[$of_field:meta])* $field:ident: $type:ty $(= $value:expr)?;)*
    ) => {
        $(#[$of_view])*
        #[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
        #[schema(as = $schema)]
        pub struct $view {
            $(
                $(#[$of_field])*
                pub $field: $type,
            )*
        }

        impl $view {
            /// The record as it is shown.
            pub fn new($record: $record_type $(, $with: $with_type)*) -> Self {
                $($($named)*)?
                $($(let $field = $value;)?)*
                Self { $($field: $crate::platform::resource::view!(@ $record $field $($value)?),)* }
            }
        }
    };
    (@ $record:ident $field:ident) => { $record.$field.into() };
    (@ $record:ident $field:ident $value:expr) => { $field };
}
pub(crate) use view;
