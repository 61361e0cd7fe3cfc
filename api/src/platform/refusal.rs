//! Reasons for refusing a request: one enum, mapped exhaustively to the problem types.

use crate::platform::problem::Violation;
use crate::platform::words::Told;
use domain::core::tree::{MAX_DEPTH, TreeFault};
use domain::policy::Denial;
use persistence::{DbError, Failure};
use uuid::Uuid;

/// All reasons for which a request can fail.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No route has this path.
    #[error("no such route")]
    RouteNotFound,
    /// The route exists, but not for this method.
    #[error("only {0} are allowed here")]
    MethodNotAllowed(String),
    /// There is nothing here that the caller may see.
    #[error("not found")]
    NotFound,
    /// The caller may see the record but not do this.
    #[error("refused by the rule {0}")]
    Forbidden(&'static str),
    /// The caller may not do this; the violation gives the reason.
    #[error("refused by the rule {0}: {1:?}")]
    ForbiddenBecause(&'static str, Violation),
    /// Path, query, header or body cannot be read.
    #[error("the request cannot be read: {0:?}")]
    Malformed(Vec<Violation>),
    /// The JSON is nested deeper than allowed.
    #[error("JSON too deep")]
    JsonTooDeep,
    /// The text is not valid in its encoding; the violation names the line.
    #[error("text is not in its encoding: {0:?}")]
    EncodingInvalid(Vec<Violation>),
    /// The cursor was not made by this server, or was made for another list.
    #[error("cursor invalid")]
    CursorInvalid,
    /// The input could be read but breaks rules; every fault is listed.
    #[error("the input breaks rules: {0:?}")]
    Invalid(Vec<Violation>),
    /// Guards of a transition fail; every one is listed.
    #[error("guards fail: {0:?}")]
    GuardFailed(Vec<Violation>),
    /// The state does not allow the transition.
    #[error("not possible in the state {}", current_state.value())]
    StateConflict {
        /// Present state of the record.
        current_state: Told,
        /// Actions the caller may take in that state.
        allowed_actions: Vec<Told>,
    },
    /// A unique key is already in use.
    #[error("already taken: {0:?}")]
    Duplicate(Vec<Violation>),
    /// Other records still refer to this one.
    #[error("still in use: {0:?}")]
    InUse(Vec<Violation>),
    /// A person would report to themselves.
    #[error("reporting loop: {0:?}")]
    ReportingLoop(Vec<Violation>),
    /// The tree of units would break its rules.
    #[error("tree invalid: {0:?}")]
    TreeInvalid(Vec<Violation>),
    /// A bulk request would deactivate suspiciously many people.
    #[error("mass deactivation: {0:?}")]
    MassDeactivation(Vec<Violation>),
    /// A bulk request would create suspiciously many people.
    #[error("mass creation: {0:?}")]
    MassCreation(Vec<Violation>),
    /// A bulk request would clear a property of suspiciously many people.
    #[error("mass clearing: {0:?}")]
    MassClearing(Vec<Violation>),
    /// The request has more rows than allowed.
    #[error("too many rows")]
    TooManyRows,
    /// A change lacks `If-Match`.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// `If-Match` names another version than the present one.
    #[error("the version is stale")]
    Stale,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The same request is being served right now.
    #[error("the same request is in flight")]
    IdempotencyInFlight,
    /// The credentials are missing or not valid.
    #[error("unauthenticated: {0}")]
    Unauthenticated(&'static str),
    /// The access token was valid but has expired.
    #[error("token expired")]
    TokenExpired,
    /// Login or password is wrong.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// A refresh token was used a second time.
    #[error("refresh token reused")]
    RefreshReused,
    /// There were too many failed sign-ins; seconds to wait.
    #[error("too many sign-in attempts")]
    TooManySignIns(u64),
    /// The rate limit is exceeded; seconds to wait.
    #[error("rate limited")]
    RateLimited(u64),
    /// The body is larger than allowed.
    #[error("body too large")]
    BodyTooLarge,
    /// The media type of the body is not allowed.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// The file is of a kind that cannot be read; the violation names those that can.
    #[error("unsupported file: {0:?}")]
    UnsupportedFile(Vec<Violation>),
    /// The body is compressed.
    #[error("content encoding refused")]
    ContentEncodingRefused,
    /// No available format is acceptable to the client.
    #[error("not acceptable")]
    NotAcceptable,
    /// Path and query are too long.
    #[error("URI too long")]
    UriTooLong,
    /// The headers are too large.
    #[error("headers too large")]
    HeaderTooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    RequestTimeout,
    /// The answer was not ready in time.
    #[error("the answer was not ready in time")]
    DeadlineExceeded,
    /// There are more requests than the server accepts at once.
    #[error("overloaded")]
    Overloaded,
    /// The server is shutting down.
    #[error("shutting down")]
    ShuttingDown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The look at somebody's records could not be logged, so nothing of them is shown.
    #[error("the read could not be logged: {0}")]
    LookNotLogged(DbError),
    /// The program has a fault.
    #[error("internal: {0}")]
    Internal(String),
}

impl Failure for Refusal {
    fn database(&self) -> Option<&DbError> {
        match self {
            Refusal::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Hidden => Refusal::NotFound,
            Denial::Forbidden { rule } => Refusal::Forbidden(rule),
        }
    }
}

/// The fault of a reporting line or tree, with the loop named by external keys.
pub fn line_fault(pointer: &str, fault: &TreeFault<String>) -> Violation {
    match fault {
        TreeFault::Loop(members) => {
            let round: Vec<_> = members.iter().chain(members.first()).map(String::as_str).collect();
            Violation::new(pointer, "reporting_loop").with("loop", round.join(" -> "))
        }
        TreeFault::TooDeep(_) => Violation::new(pointer, "depth_exceeded").with("max", MAX_DEPTH),
    }
}

/// Data of a refusal besides its problem type.
#[derive(Default)]
pub struct Facts<'r> {
    /// All faults of the input.
    pub violations: &'r [Violation],
    /// Present state of the record.
    pub current_state: Option<Told>,
    /// Actions the caller may take in that state.
    pub allowed_actions: Option<Vec<Told>>,
    /// Rule that refused.
    pub rule: Option<String>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// Methods that the route supports.
    pub allow: Option<String>,
}

impl Refusal {
    /// A refusal with one fault of the input.
    pub fn invalid(pointer: impl Into<String>, code: &'static str) -> Self {
        Refusal::Invalid(vec![Violation::new(pointer, code)])
    }

    /// A record is in a state in which nothing can be done to it.
    pub fn settled(current_state: Told) -> Self {
        Refusal::StateConflict { current_state, allowed_actions: Vec::new() }
    }

    /// The input refers to a record that does not exist.
    pub fn unknown(pointer: &str, id: Uuid) -> Self {
        let violation = Violation::new(pointer, "unknown_reference").with("value", id);
        Refusal::Invalid(vec![violation])
    }

    /// Names the input whose unique key is already in use; other errors are passed on.
    pub fn taken(error: DbError, pointer: &str, value: &str) -> Self {
        match error {
            DbError::Duplicate { .. } => {
                Refusal::Duplicate(vec![Violation::new(pointer, "duplicate").with("value", value)])
            }
            other => other.into(),
        }
    }

    /// The slug of the problem type.
    pub fn slug(&self) -> &'static str {
        match self {
            Refusal::RouteNotFound => "route-not-found",
            Refusal::MethodNotAllowed(_) => "method-not-allowed",
            Refusal::NotFound | Refusal::Database(DbError::Missing) => "not-found",
            Refusal::Forbidden(domain::policy::SCOPE_MISSING) => "scope-missing",
            Refusal::Forbidden(_) | Refusal::ForbiddenBecause(..) => "forbidden",
            Refusal::Malformed(_) => "malformed-request",
            Refusal::JsonTooDeep => "json-too-deep",
            Refusal::EncodingInvalid(_) => "encoding-invalid",
            Refusal::CursorInvalid => "cursor-invalid",
            Refusal::Invalid(_) => "validation-failed",
            Refusal::GuardFailed(_) => "guard-failed",
            Refusal::StateConflict { .. } => "state-conflict",
            Refusal::Duplicate(_) | Refusal::Database(DbError::Duplicate { .. }) => "duplicate",
            Refusal::InUse(_) | Refusal::Database(DbError::Reference(_)) => "in-use",
            Refusal::ReportingLoop(_) => "reporting-loop",
            Refusal::TreeInvalid(_) => "tree-invalid",
            Refusal::MassDeactivation(_) => "mass-deactivation",
            Refusal::MassCreation(_) => "mass-creation",
            Refusal::MassClearing(_) => "mass-clearing",
            Refusal::TooManyRows => "too-many-rows",
            Refusal::PreconditionRequired => "precondition-required",
            Refusal::Stale | Refusal::Database(DbError::Stale) => "version-stale",
            Refusal::IdempotencyKeyReused => "idempotency-key-reused",
            Refusal::IdempotencyInFlight => "idempotency-in-flight",
            Refusal::Unauthenticated(_) => "unauthenticated",
            Refusal::TokenExpired => "token-expired",
            Refusal::InvalidCredentials => "invalid-credentials",
            Refusal::RefreshReused => "refresh-reused",
            Refusal::TooManySignIns(_) => "too-many-sign-in-attempts",
            Refusal::RateLimited(_) => "rate-limited",
            Refusal::BodyTooLarge => "body-too-large",
            Refusal::UnsupportedMediaType | Refusal::UnsupportedFile(_) => "unsupported-media-type",
            Refusal::ContentEncodingRefused => "content-encoding-refused",
            Refusal::NotAcceptable => "not-acceptable",
            Refusal::UriTooLong => "uri-too-long",
            Refusal::HeaderTooLarge => "header-too-large",
            Refusal::RequestTimeout => "request-timeout",
            Refusal::DeadlineExceeded => "deadline-exceeded",
            Refusal::LookNotLogged(_) => "read-not-logged",
            Refusal::Overloaded | Refusal::Database(DbError::Busy) => "overloaded",
            Refusal::ShuttingDown => "shutting-down",
            Refusal::Database(DbError::Unavailable(_) | DbError::Race(_)) => "database-unavailable",
            Refusal::Database(DbError::Corrupt(_) | DbError::Panicked(_) | DbError::Engine(_))
            | Refusal::Internal(_) => "internal",
        }
    }

    /// The data besides the problem type.
    pub fn facts(&self) -> Facts<'_> {
        let mut facts = Facts::default();
        match self {
            Refusal::Malformed(violations)
            | Refusal::Invalid(violations)
            | Refusal::GuardFailed(violations)
            | Refusal::Duplicate(violations)
            | Refusal::InUse(violations)
            | Refusal::ReportingLoop(violations)
            | Refusal::TreeInvalid(violations)
            | Refusal::MassDeactivation(violations)
            | Refusal::MassCreation(violations)
            | Refusal::MassClearing(violations)
            | Refusal::EncodingInvalid(violations)
            | Refusal::UnsupportedFile(violations) => facts.violations = violations,
            Refusal::StateConflict { current_state, allowed_actions } => {
                facts.current_state = Some(*current_state);
                facts.allowed_actions = Some(allowed_actions.clone());
            }
            Refusal::Forbidden(rule) => facts.rule = Some((*rule).to_owned()),
            Refusal::ForbiddenBecause(rule, why) => {
                facts.rule = Some((*rule).to_owned());
                facts.violations = std::slice::from_ref(why);
            }
            Refusal::TooManySignIns(seconds) | Refusal::RateLimited(seconds) => {
                facts.retry_after = Some(*seconds);
            }
            Refusal::IdempotencyInFlight
            | Refusal::Overloaded
            | Refusal::DeadlineExceeded
            | Refusal::LookNotLogged(_)
            | Refusal::ShuttingDown
            | Refusal::Database(DbError::Busy | DbError::Unavailable(_) | DbError::Race(_)) => {
                facts.retry_after = Some(1);
            }
            Refusal::MethodNotAllowed(allow) => facts.allow = Some(allow.clone()),
            _ => {}
        }
        facts
    }
}
