//! One line of the access policy: who may act, at which stage, and with which mask.

use super::Scope;
use super::action::Action;
use crate::text_enum;

text_enum! {
    /// The relationship to the record that a rule requires.
    pub enum Who {
        /// The person the record is about.
        Myself = "self",
        /// Line manager as of the date asked for.
        DirectManager = "direct_manager",
        /// Any manager above the person, line manager included, as of the date asked for.
        ChainManager = "chain_manager",
        /// Any manager above the line manager, as of the date asked for.
        SkipLevel = "skip_level",
        /// HR business partner of the person's unit or of one above it.
        Hrbp = "hrbp",
        /// HR administrator.
        HrAdmin = "hr_admin",
        /// Compensation officer.
        Comp = "comp",
        /// Senior management.
        Executive = "executive",
        /// Auditor.
        Auditor = "auditor",
        /// The account or key that created the record.
        Author = "author",
        /// The person the record is about, if that person also created it.
        OwnAuthor = "own_author",
        /// The manager who is responsible for the person's review in this cycle, as fixed at its
        /// launch or by handover.
        ResponsibleManager = "responsible_manager",
        /// Member of the calibration session that compares the person's grade.
        Calibrator = "calibrator",
        /// A program whose key has the scope of the rule, within the unit limit of the key.
        Service = "service",
        /// A program whose key has the scope of the rule and no unit limit.
        CompanyService = "company_service",
        /// The person from whom the record asks something.
        Partner = "partner",
        /// Any signed-in person of the tenant, towards people who work here.
        Colleague = "colleague",
    }
}

text_enum! {
    /// The stage of a record; each later stage may show it to more people.
    pub enum Stage {
        /// Being written.
        Draft = "draft",
        /// Handed in.
        Submitted = "submitted",
        /// In calibration, or calibrated and not yet released.
        Calibration = "calibration",
        /// Released to the person.
        Released = "released",
    }
}

/// The set of fields that a decision shows. A wider mask includes every narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// What every colleague may know: of a person name, number, address, unit, job and manager; of
    /// a cycle its rules.
    Directory,
    /// Directory and more: of a person also dates of employment, status and external ids; of an
    /// audit entry who did what and when, but not the values.
    Metadata,
    /// Every field of the record.
    Full,
}

impl Mask {
    /// The name of the mask in the access matrix.
    pub fn as_str(self) -> &'static str {
        match self {
            Mask::Directory => "directory",
            Mask::Metadata => "metadata",
            Mask::Full => "full",
        }
    }
}

/// One line of the policy: it allows the action to subjects with this relationship, and says which
/// fields they see.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable name, shown in refusals, explanations and audit entries.
    pub id: &'static str,
    /// The relationship that the subject must have.
    pub who: Who,
    /// The scope a program's key must have.
    pub scope: Option<Scope>,
    /// The fields that the rule shows.
    pub mask: Mask,
    /// The stages in which the rule applies; empty means all. A record without stages is never
    /// excluded.
    pub stages: &'static [Stage],
}

/// A kind of record: what may be done with it, and by whom. If several rules of an action apply,
/// the widest mask wins, then the first line.
#[derive(Clone, Copy, Debug)]
pub struct Noun {
    /// The action that reads it.
    pub reading: Action,
    /// The first words of the audit entries and events about its records, such as `position`, each
    /// with the action that the policy must permit on a record before an entry about it shows values
    /// and reason.
    pub records: &'static [(&'static str, Action)],
    /// Every action on it, each with the rules that allow it.
    pub actions: &'static [(Action, &'static [Rule])],
}

impl Rule {
    /// The same rule, limited to these stages.
    pub(super) const fn during(self, stages: &'static [Stage]) -> Rule {
        Rule { stages, ..self }
    }

    /// Whether the rule applies at this stage; it always applies to records without stages.
    pub(super) fn holds_in(&self, stage: Option<Stage>) -> bool {
        self.stages.is_empty() || stage.is_none_or(|stage| self.stages.contains(&stage))
    }
}

/// From handing in onwards ("S+").
pub(super) const SUBMITTED_ON: &[Stage] = &[Stage::Submitted, Stage::Calibration, Stage::Released];
/// Handed in, but not yet in calibration ("S").
pub(super) const SUBMITTED: &[Stage] = &[Stage::Submitted];
/// From release onwards ("R+").
pub(super) const RELEASED: &[Stage] = &[Stage::Released];
/// In calibration ("C").
pub(super) const CALIBRATION: &[Stage] = &[Stage::Calibration];
/// Only while it is a draft ("D").
pub(super) const DRAFT: &[Stage] = &[Stage::Draft];

/// A rule for people.
pub(super) const fn to(id: &'static str, who: Who, mask: Mask) -> Rule {
    Rule { id, who, scope: None, mask, stages: &[] }
}

/// A rule for programs whose key has a scope.
pub(super) const fn by_key(id: &'static str, scope: Scope, who: Who, mask: Mask) -> Rule {
    Rule { id, who, scope: Some(scope), mask, stages: &[] }
}
