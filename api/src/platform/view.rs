//! What clients see of a record, each field with where it comes from.

/// Declares the view of a record, which is made of what is named behind `of`. Each field is named
/// once, with its words in the contract and what it shows: `id: Uuid = moved.id.uuid();`.
///
/// `let moved = shown.outline();` in front of the fields names the record. It appends version and
/// times to the fields, and what the contract says of `created_at` comes next.
macro_rules! view {
    (
        $(#[$of_view:meta])* pub struct $view:ident of $($from:ident: $from_type:ty),+;
        let $record:ident = $outline:expr;
        $(#[$of_created:meta])* created_at;
        $($fields:tt)*
    ) => {
        $crate::platform::view::view! {
            @[let $record = $outline;]
            $(#[$of_view])* pub struct $view of $($from: $from_type),+;
            $($fields)*
            /// Version of the record: starts at 1 and grows by 1 with each change.
            #[schema(example = 1)]
            version: i32 = $record.version;
            $(#[$of_created])*
            created_at: chrono::DateTime<chrono::Utc> = $record.created_at;
            /// When the record was last changed.
            updated_at: chrono::DateTime<chrono::Utc> = $record.updated_at;
        }
    };
    (
        $(@[$($named:tt)*])?
        $(#[$of_view:meta])* pub struct $view:ident of $($from:ident: $from_type:ty),+;
        $($(#[$of_field:meta])* $field:ident: $type:ty = $value:expr;)*
    ) => {
        $(#[$of_view])*
        pub struct $view {
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl $view {
            /// What is seen.
            pub fn new($($from: $from_type),+) -> Self {
                $($($named)*)?
                Self { $($field: $value,)* }
            }
        }
    };
}
pub(crate) use view;
