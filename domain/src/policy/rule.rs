//! What a line of the policy says: who, in which stage, with which mask.

use super::Scope;
use super::action::Action;
use crate::text_enum;

text_enum! {
    /// A relationship a rule asks for.
    pub enum Who {
        /// The person the record is about.
        Myself = "self",
        /// Line manager as of the date asked for.
        DirectManager = "direct_manager",
        /// Any manager above, as of the date asked for.
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
        /// The account or key that made the record.
        Author = "author",
        /// The person the record is about, who made it.
        OwnAuthor = "own_author",
        /// The manager who answers for the person's review in this cycle, frozen at its launch.
        ResponsibleManager = "responsible_manager",
        /// Member of the calibration session that compares the person's grade.
        Calibrator = "calibrator",
        /// A program whose key has the scope of the rule, within its resource limit.
        Service = "service",
        /// A program whose key has the scope of the rule and no resource limit.
        CompanyService = "company_service",
        /// Any signed-in person of the tenant, towards whoever works here.
        Colleague = "colleague",
    }
}

text_enum! {
    /// How far a record is that is shown to ever more people as it goes on.
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

/// The fields a decision opens. A wider mask holds every narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// What any colleague may know: of a person number, name, address, unit, job and manager, of a
    /// cycle its standards.
    Directory,
    /// Directory, and of a person dates of employment, status and ids in other systems. Of what
    /// happens: who did what when, without values.
    Metadata,
    /// Everything the resource holds.
    Full,
}

impl Mask {
    /// As the access matrix shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Mask::Directory => "directory",
            Mask::Metadata => "metadata",
            Mask::Full => "full",
        }
    }
}

/// One line of the policy: this relationship may do the action it stands under, and sees these
/// fields.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable name, shown in refusals, explanations and audit entries.
    pub id: &'static str,
    /// To whom.
    pub who: Who,
    /// The scope a program's key must have.
    pub scope: Option<Scope>,
    /// The fields it opens.
    pub mask: Mask,
    /// The stages in which it holds; empty for all, and for records without stages.
    pub stages: &'static [Stage],
}

/// What may be done with a kind of record, and by whom: of the rules of an action that apply, the
/// widest mask wins, then the first line.
#[derive(Clone, Copy, Debug)]
pub struct Noun {
    /// The action that shows it.
    pub reading: Action,
    /// Every action on it, with the rules that allow it.
    pub actions: &'static [(Action, &'static [Rule])],
}

impl Rule {
    /// The same rule, in these stages only.
    pub(super) const fn during(self, stages: &'static [Stage]) -> Rule {
        Rule { stages, ..self }
    }

    /// Whether it holds for a record this far; a record without stages is no obstacle.
    pub(super) fn holds_in(&self, stage: Option<Stage>) -> bool {
        self.stages.is_empty() || stage.is_none_or(|stage| self.stages.contains(&stage))
    }
}

/// From handing in on ("S+").
pub(super) const SUBMITTED_ON: &[Stage] = &[Stage::Submitted, Stage::Calibration, Stage::Released];
/// Handed in, and not yet in calibration ("S").
pub(super) const SUBMITTED: &[Stage] = &[Stage::Submitted];
/// From release on ("R+").
pub(super) const RELEASED: &[Stage] = &[Stage::Released];
/// While calibrated ("C").
pub(super) const CALIBRATION: &[Stage] = &[Stage::Calibration];
/// Only while written ("D").
pub(super) const DRAFT: &[Stage] = &[Stage::Draft];

/// A rule for people.
pub(super) const fn to(id: &'static str, who: Who, mask: Mask) -> Rule {
    Rule { id, who, scope: None, mask, stages: &[] }
}

/// A rule for programs whose key has a scope.
pub(super) const fn by_key(id: &'static str, scope: Scope, who: Who, mask: Mask) -> Rule {
    Rule { id, who, scope: Some(scope), mask, stages: &[] }
}
