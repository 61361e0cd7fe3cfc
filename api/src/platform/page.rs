//! Pages of lists: limits, sealed cursors, links.

use crate::platform::app::App;
use crate::platform::keys;
use crate::platform::refusal::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::core::time::Timestamp;
use domain::policy::Action;
use domain::text_enum;
use persistence::{After, Page};
use serde::Serialize;
use uuid::Uuid;

/// Rows on a page when the client does not say.
pub const DEFAULT_LIMIT: i64 = 50;

/// What a client asks of a list, and what the next cursor is bound to.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The part of the list to read: one row more than asked for, to know whether more follow.
    pub page: Page,
    limit: usize,
    binding: String,
}

/// Reads `limit`, `cursor` and `updated_since`. `binding` names the list with its tenant and
/// filters: a cursor is good for the list it was made for only.
pub fn request(
    app: &App,
    binding: String,
    limit: Option<i64>,
    cursor: Option<&str>,
    updated_since: Option<Timestamp>,
) -> Result<PageRequest, Refusal> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let after = cursor.map(|cursor| open(app, &binding, cursor)).transpose()?;
    let limit_rows = usize::try_from(limit).unwrap_or_default();
    Ok(PageRequest {
        page: Page { limit: limit + 1, after, updated_since },
        limit: limit_rows,
        binding,
    })
}

/// The rows of a page, and where the list goes on behind them.
pub struct Part<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Goes on behind the last row; none where nothing follows.
    pub next_cursor: Option<String>,
}

impl PageRequest {
    /// Cuts the extra row off and makes the cursor that goes on behind the last one shown.
    pub fn cut<T>(&self, app: &App, mut rows: Vec<T>, key: impl FnOnce(&T) -> After) -> Part<T> {
        let mut next_cursor = None;
        if rows.len() > self.limit {
            rows.truncate(self.limit);
            next_cursor = rows.last().and_then(|last| seal(app, &self.binding, &key(last)));
        }
        Part { rows, next_cursor }
    }

    /// The place of a row in the list: in the order of change where changes are asked for, in that
    /// of creation otherwise.
    pub fn place(&self, id: Uuid, updated_at: Timestamp) -> After {
        match self.page.updated_since {
            Some(_) => After::Updated(updated_at, id),
            None => After::Id(id),
        }
    }
}

text_enum! {
    /// What a caller may do in a list that needs no record of it.
    pub enum ListAction {
        /// Add a record.
        Create = "create",
    }
}

/// A page of a list as it is answered; [`page_of!`] declares one.
pub trait Listed: Serialize {
    /// What is listed.
    type Item: Serialize;

    /// The action that adds a record to the list; none where records come about otherwise.
    const CREATION: Option<Action>;

    /// The page, still without items, in which a caller may do these things.
    fn new(next_cursor: Option<String>, allowed_actions: Vec<ListAction>) -> Self;
}

/// A page that may say how many items the whole list has. Only for lists of which each reader may know
/// that.
pub trait Counted: Listed {
    /// The page with the number of items in the whole list, if that was asked for.
    fn with_total(self, total: Option<i64>) -> Self;
}

/// Declares the page of a list: its name in the contract, what its items are, in which order, and which
/// action creates one. The page of a `counted` list may say how many items the list has.
macro_rules! page_of {
    (
        $(#[$page:meta])* pub struct $name:ident $(#[$items:meta])* of $item:ident
        $(, created by $creation:path)?
    ) => {
        $crate::platform::page::page_of! {
            @ $(#[$page])* pub struct $name $(#[$items])* of $item [$($creation)?] {} {}
        }
    };
    (
        $(#[$page:meta])* pub struct $name:ident $(#[$items:meta])* of $item:ident, counted
        $(, created by $creation:path)?
    ) => {
        $crate::platform::page::page_of! {
            @ $(#[$page])* pub struct $name $(#[$items])* of $item [$($creation)?] {
                /// Number of items in the whole list, on all of its pages; present only if `count=true`
                /// asks for it.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(nullable = false, minimum = 0, example = 128)]
                pub total: Option<i64>,
            } { total: None }
        }

        impl $crate::platform::page::Counted for $name {
            fn with_total(self, total: Option<i64>) -> Self {
                Self { total, ..self }
            }
        }
    };
    (
        @ $(#[$page:meta])* pub struct $name:ident $(#[$items:meta])* of $item:ident
        [$($creation:path)?] { $($field:tt)* } { $($none:tt)* }
    ) => {
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        $(#[$page])*
        pub struct $name {
            $(#[$items])*
            pub items: Vec<$item>,
            /// Goes on behind the last item; null on the last page.
            pub next_cursor: Option<String>,
            /// What the caller may do in this list that needs none of its items; something that depends
            /// on the body may still be refused.
            #[schema(value_type = Vec<$crate::platform::words::ListAction>)]
            pub allowed_actions: Vec<$crate::platform::page::ListAction>,
            $($field)*
        }

        impl $crate::platform::page::Listed for $name {
            type Item = $item;

            const CREATION: Option<domain::policy::Action> =
                $crate::platform::page::first(&[$($creation)?]);

            fn new(
                next_cursor: Option<String>,
                allowed_actions: Vec<$crate::platform::page::ListAction>,
            ) -> Self {
                Self { items: Vec::new(), next_cursor, allowed_actions, $($none)* }
            }
        }
    };
}
pub(crate) use page_of;

/// The only action there is, if there is one.
pub const fn first(actions: &[Action]) -> Option<Action> {
    match actions {
        [action, ..] => Some(*action),
        [] => None,
    }
}

/// Bytes to a multiple of which a cursor is filled up, so that its length tells nothing.
const BLOCK: usize = 128;

/// A cursor behind `after` in the list named by `binding`. Nobody else can read where that is: a
/// position in a log would tell how many entries there are that are not shown.
pub fn seal(app: &App, binding: &str, after: &After) -> Option<String> {
    let key = app.keys.signing(app.clock.now())?;
    let mut text = serde_json::to_vec(after).ok()?;
    text.resize(text.len().next_multiple_of(BLOCK), b' ');
    let sealed = keys::seal(&key, "cursor", binding.as_bytes(), &text)?;
    Some(BASE64.encode([key.kid.as_bytes(), b".", &sealed].concat()))
}

/// Where a cursor of the list named by `binding` goes on.
pub fn open(app: &App, binding: &str, cursor: &str) -> Result<After, Refusal> {
    let read = || {
        let bytes = BASE64.decode(cursor).ok()?;
        let dot = bytes.iter().position(|byte| *byte == b'.')?;
        let key = app.keys.by_kid(std::str::from_utf8(&bytes[..dot]).ok()?)?;
        let text = keys::unseal(&key, "cursor", binding.as_bytes(), &bytes[dot + 1..])?;
        serde_json::from_slice(&text).ok()
    };
    read().ok_or(Refusal::CursorInvalid)
}
