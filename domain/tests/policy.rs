//! The decision of the access policy, apart from its tables: which rule wins, what blocks a rule,
//! what a refusal says and what a permit opens.

use chrono::NaiveDate;
use domain::core::id::{EmployeeId, OrgUnitId};
use domain::core::text::TextEnum;
use domain::policy::{
    Action, CONFLICT_OF_INTEREST, Denial, FIELD_MASKED, Grant, Mask, NO_RULE, Principal, Protected,
    Relations, SCOPE_MISSING, Sealed, Stage, Subject, Target, authorise, decide, relations_matter,
    visibility,
};
use domain::policy::{Role, Scope};
use uuid::Uuid;

const ME: Uuid = Uuid::from_u128(1);
const COLLEAGUE: Uuid = Uuid::from_u128(2);
const UNIT: Uuid = Uuid::from_u128(3);
const ACCOUNT: Uuid = Uuid::from_u128(4);

fn person(grants: &[(Role, Option<Uuid>)]) -> Subject {
    let grant = |&(role, unit): &(Role, Option<Uuid>)| Grant {
        role,
        org_unit_id: unit.map(OrgUnitId::from),
    };
    Subject {
        tenant: Uuid::nil().into(),
        principal: Principal::Person(ACCOUNT.into()),
        employee_id: Some(ME.into()),
        behind: Vec::new(),
        led_by: Vec::new(),
        grants: grants.iter().map(grant).collect(),
    }
}

fn program(scopes: &[Scope], unit: Option<Uuid>) -> Subject {
    let unit = unit.map(OrgUnitId::from);
    let key = Uuid::from_u128(5).into();
    let principal = Principal::Service { key, scopes: scopes.to_vec(), unit };
    Subject { principal, ..person(&[]) }
}

fn about(employee: Uuid) -> Target {
    Target { id: employee, about: Some(employee.into()), ..Target::default() }
}

fn related(relations: Relations) -> Target {
    Target { relations, ..about(COLLEAGUE) }
}

fn mask(subject: &Subject, action: Action, target: &Target) -> Option<Mask> {
    decide(subject, action, target).permit.map(|permit| permit.mask())
}

#[test]
fn the_widest_mask_wins_and_then_the_first_line() {
    let manager = related(Relations { direct_manager: true, ..Relations::default() });
    let both = decide(&person(&[(Role::HrAdmin, None)]), Action::EmployeeRead, &manager);
    assert_eq!(both.rule, "hr-admin");
    let wider = decide(&person(&[(Role::Executive, None)]), Action::EmployeeRead, &manager);
    assert_eq!((wider.rule, wider.permit.unwrap().mask()), ("direct-manager", Mask::Full));
    assert_eq!(mask(&person(&[]), Action::EmployeeRead, &about(COLLEAGUE)), Some(Mask::Directory));
}

#[test]
fn towards_oneself_every_grant_vanishes_and_the_refusal_says_so() {
    let admin = person(&[(Role::HrAdmin, None)]);
    assert!(mask(&admin, Action::EmployeeWrite, &about(COLLEAGUE)).is_some());
    let own = decide(&admin, Action::EmployeeWrite, &about(ME));
    assert_eq!((own.permit, own.rule), (None, CONFLICT_OF_INTEREST));
    assert_eq!(decide(&person(&[]), Action::EmployeeWrite, &about(ME)).rule, NO_RULE);
    let account = Target { id: ACCOUNT, account: Some(ACCOUNT.into()), ..Target::default() };
    assert_eq!(decide(&admin, Action::AccountWrite, &account).rule, CONFLICT_OF_INTEREST);
}

#[test]
fn the_unreleased_result_of_who_leads_one_is_as_closed_as_the_own_one() {
    let mut admin = person(&[(Role::HrAdmin, None)]);
    admin.led_by = vec![COLLEAGUE.into()];
    let at = |stage| Target { stage: Some(stage), ..about(COLLEAGUE) };
    for action in [Action::RatingRead, Action::MoveRead] {
        let before = decide(&admin, action, &at(Stage::Calibration));
        assert_eq!((before.permit, before.rule), (None, CONFLICT_OF_INTEREST), "{action:?}");
    }
    assert!(mask(&admin, Action::RatingRead, &at(Stage::Released)).is_some());
    assert!(mask(&admin, Action::ReviewRead, &at(Stage::Calibration)).is_some());
    admin.led_by = Vec::new();
    assert!(mask(&admin, Action::RatingRead, &at(Stage::Calibration)).is_some());
}

#[test]
fn a_business_partner_needs_units_and_people_inside() {
    let inside = related(Relations { in_units: true, ..Relations::default() });
    let partner = person(&[(Role::Hrbp, Some(UNIT))]);
    assert_eq!(mask(&partner, Action::EmployeeRead, &inside), Some(Mask::Full));
    assert_eq!(mask(&partner, Action::EmployeeRead, &about(COLLEAGUE)), Some(Mask::Directory));
    let nowhere = person(&[(Role::Hrbp, None)]);
    assert_eq!(mask(&nowhere, Action::EmployeeRead, &inside), Some(Mask::Directory));
    assert!(!nowhere.holds(Role::Hrbp) && person(&[(Role::Comp, None)]).holds(Role::Comp));
    assert_eq!(partner.units_of_interest(), [OrgUnitId::from(UNIT)]);
}

#[test]
fn a_program_needs_the_scope_and_stays_in_its_unit() {
    let inside = related(Relations { in_units: true, ..Relations::default() });
    let lacking = decide(&program(&[], None), Action::EmployeeRead, &about(COLLEAGUE));
    assert_eq!((lacking.permit, lacking.rule), (None, SCOPE_MISSING));
    let everywhere = program(&[Scope::PeopleRead], None);
    assert!(mask(&everywhere, Action::EmployeeRead, &about(COLLEAGUE)).is_some());
    let limited = program(&[Scope::PeopleRead], Some(UNIT));
    assert!(mask(&limited, Action::EmployeeRead, &inside).is_some());
    assert!(mask(&limited, Action::EmployeeRead, &about(COLLEAGUE)).is_none());
    assert_eq!(limited.units_of_interest(), [OrgUnitId::from(UNIT)]);
}

#[test]
fn a_refusal_tells_only_what_may_be_seen_anyway() {
    let refused = |subject: &Subject, action, target: &Target| authorise(subject, action, target);
    let nobody = person(&[]);
    let write = refused(&nobody, Action::EmployeeWrite, &about(COLLEAGUE));
    assert_eq!(write, Err(Denial::Forbidden { rule: NO_RULE }));
    let departed = Target { departed: true, ..about(COLLEAGUE) };
    assert_eq!(refused(&nobody, Action::EmployeeWrite, &departed), Err(Denial::Hidden));
    assert_eq!(refused(&nobody, Action::EmployeeRead, &departed), Err(Denial::Hidden));
    let kind = refused(&nobody, Action::EmployeeWrite, &Target::default());
    assert_eq!(kind, Err(Denial::Forbidden { rule: NO_RULE }));
}

/// A record of one employee.
#[derive(Debug, PartialEq)]
struct Record(Uuid);

impl Protected for Record {
    fn target(&self, _: NaiveDate) -> Target {
        about(self.0)
    }
}

#[test]
fn a_permit_opens_the_record_it_was_made_for() {
    let permit = authorise(&person(&[]), Action::EmployeeRead, &about(COLLEAGUE)).unwrap();
    let shown = Sealed::new(Record(COLLEAGUE)).show(&permit).unwrap();
    assert_eq!((shown.outline(), shown.at(Mask::Metadata)), (&Record(COLLEAGUE), None));
    let masked = Denial::Forbidden { rule: FIELD_MASKED };
    assert_eq!(Sealed::new(Record(COLLEAGUE)).open(&permit), Err(masked));
    assert_eq!(Sealed::new(Record(ME)).open(&permit), Err(Denial::Hidden));
    let whole = authorise(&person(&[]), Action::EmployeeRead, &about(ME)).unwrap();
    assert_eq!(Sealed::new(Record(ME)).open(&whole), Ok(Record(ME)));
}

#[test]
fn the_author_of_a_job_follows_it() {
    let job =
        |author: Uuid| Target { id: Uuid::from_u128(9), author: Some(author), ..Target::default() };
    assert_eq!(mask(&person(&[]), Action::JobRead, &job(ACCOUNT)), Some(Mask::Full));
    assert_eq!(mask(&person(&[]), Action::JobRead, &job(COLLEAGUE)), None);
    let shown = [Mask::Directory, Mask::Metadata, Mask::Full].map(Mask::as_str);
    assert_eq!(shown, ["directory", "metadata", "full"]);
}

#[test]
fn a_list_shows_what_single_decisions_would() {
    let seen = |subject: &Subject| visibility(subject, Action::EmployeeHistory, NaiveDate::MIN);
    let me = EmployeeId::from(ME);
    let nobody = seen(&person(&[])).unwrap();
    assert_eq!((nobody.everyone(), nobody.myself()), (None, Some(me)));
    assert_eq!((nobody.subtree_of(), nobody.units()), (Some(me), &[][..]));
    let partner = seen(&person(&[(Role::Hrbp, Some(UNIT))])).unwrap();
    assert_eq!(partner.units(), [OrgUnitId::from(UNIT)]);
    let admin = seen(&person(&[(Role::HrAdmin, None)])).unwrap();
    assert_eq!((admin.everyone(), admin.subtree_of()), (Some(Mask::Full), None));
    assert!(seen(&program(&[], None)).is_err());
}

#[test]
fn relations_are_asked_for_only_where_they_decide() {
    let matter = |subject: &Subject, action| relations_matter(subject, action, &about(COLLEAGUE));
    assert!(matter(&person(&[]), Action::EmployeeRead));
    assert!(!matter(&person(&[(Role::HrAdmin, None)]), Action::EmployeeRead));
    assert!(!matter(&person(&[]), Action::PositionRead));
}

#[test]
fn what_shows_a_resource_shows_itself() {
    for &action in Action::ALL {
        assert_eq!(action.reading().reading(), action.reading(), "{action:?}");
    }
    assert_eq!(Action::EmployeeImport.reading(), Action::EmployeeRead);
}
