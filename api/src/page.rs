//! Pages of lists: limits, opaque signed cursors, links.

use crate::app::App;
use crate::keys::mac;
use crate::problem::Violation;
use crate::refusal::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::time::Timestamp;
use hmac::Mac;
use persistence::{After, Page};

/// Rows on a page when the client does not say.
pub const DEFAULT_LIMIT: i64 = 50;
/// Most rows on a page.
pub const MAX_LIMIT: i64 = 200;

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
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Refusal::Malformed(vec![
            Violation::new("/query/limit", "out_of_range").with("min", 1).with("max", MAX_LIMIT),
        ]));
    }
    let after = cursor.map(|cursor| open(app, &binding, cursor)).transpose()?;
    let limit_rows = usize::try_from(limit).unwrap_or_default();
    Ok(PageRequest {
        page: Page { limit: limit + 1, after, updated_since },
        limit: limit_rows,
        binding,
    })
}

impl PageRequest {
    /// Cuts the extra row off and makes the cursor that goes on behind the last one shown.
    pub fn cut<T>(
        &self,
        app: &App,
        mut rows: Vec<T>,
        key: impl FnOnce(&T) -> After,
    ) -> (Vec<T>, Option<String>) {
        if rows.len() <= self.limit {
            return (rows, None);
        }
        rows.truncate(self.limit);
        let cursor = rows.last().and_then(|last| seal(app, &self.binding, &key(last)));
        (rows, cursor)
    }
}

fn seal(app: &App, binding: &str, after: &After) -> Option<String> {
    let key = app.keys.signing(app.clock.now())?;
    let text = serde_json::to_string(after).ok()?;
    let tag = mac(&key, "cursor", format!("{binding}\n{text}").as_bytes()).finalize().into_bytes();
    Some(BASE64.encode(format!("{}.{}.{text}", key.kid, BASE64.encode(&tag[..16]))))
}

fn open(app: &App, binding: &str, cursor: &str) -> Result<After, Refusal> {
    let read = || {
        let bytes = BASE64.decode(cursor).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (kid, rest) = text.split_once('.')?;
        let (tag, text) = rest.split_once('.')?;
        let key = app.keys.by_kid(kid)?;
        let signed = mac(&key, "cursor", format!("{binding}\n{text}").as_bytes());
        signed.verify_truncated_left(&BASE64.decode(tag).ok()?).ok()?;
        serde_json::from_str(text).ok()
    };
    read().ok_or(Refusal::CursorInvalid)
}
