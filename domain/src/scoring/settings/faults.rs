//! What is wrong with the settings of a policy: everything at once, each fault with its name.

use super::register::Misfit;
use super::{Settings, register};
use crate::core::error::{Code, DomainError};
use crate::core::number::Exact;
use serde_json::Value;
use std::collections::BTreeMap;

/// A fault of the settings that a policy gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting at fault, as the policy names it.
    pub name: String,
    /// What is wrong.
    pub kind: SettingFaultKind,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingFaultKind {
    /// There is no setting of this name.
    Unknown,
    /// The value does not fit the setting.
    Misfit(Misfit),
    /// The value does not go with those of other settings: `SETTING_INVALID` or, for the bands of
    /// the grades, `SCALE_INVALID`. The detail says in terms of the names what does not hold.
    Contradiction(DomainError),
}

impl Settings {
    /// The settings of a policy by their published names, if they have no fault. Reading what was
    /// stored is more lenient: [`Settings::from_entries`].
    ///
    /// # Errors
    /// Every fault: first those of single values in the order of the names, then those of values
    /// that do not go together. A value that is at fault by itself is left out of the latter.
    pub fn checked(entries: &BTreeMap<String, Value>) -> Result<Settings, Vec<SettingFault>> {
        let mut sound = entries.clone();
        let mut faults = Vec::new();
        for (name, value) in entries {
            let known = register().iter().find(|setting| setting.name == name);
            let kind = match known.map(|setting| setting.misfit(value)) {
                None => SettingFaultKind::Unknown,
                Some(Some(misfit)) => SettingFaultKind::Misfit(misfit),
                Some(None) => continue,
            };
            sound.remove(name);
            faults.push(SettingFault { name: name.clone(), kind });
        }
        let settings = Settings::from_entries(&sound).map_err(|error| {
            let kind = SettingFaultKind::Contradiction(error);
            vec![SettingFault { name: String::new(), kind }]
        })?;
        for (concerned, error) in settings.contradictions() {
            let is_at_fault =
                |name: &&str| entries.contains_key(*name) && !sound.contains_key(*name);
            if concerned.iter().any(is_at_fault) {
                continue;
            }
            // The fault is with what the policy says, not with a default it leaves as it is.
            let given = concerned.iter().find(|name| entries.contains_key(**name));
            let name = given.or(concerned.first()).copied().unwrap_or_default().to_owned();
            faults.push(SettingFault { name, kind: SettingFaultKind::Contradiction(error) });
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// What does not go together, with the names of the settings concerned, the leading one first.
    fn contradictions(&self) -> Vec<(Vec<&'static str>, DomainError)> {
        let Settings { kpi, risk, .. } = self;
        let mut found = Vec::new();
        let mut rises = |names: &[&'static str], values: &[&Exact], strictly: bool| {
            for (pair, ends) in names.windows(2).zip(values.windows(2)) {
                let holds = if strictly { ends[0] < ends[1] } else { ends[0] <= ends[1] };
                if !holds {
                    let sign = if ends[0] == ends[1] { "=" } else { ">" };
                    let [low, high] = [0, 1].map(|end| format!("{} ({})", pair[end], ends[end]));
                    let error = Code::SettingInvalid.because(format!("{low} {sign} {high}"));
                    found.push((pair.to_vec(), error));
                }
            }
        };
        rises(&["kpi.floor", "kpi.cap"], &[&kpi.floor, &kpi.cap], true);
        rises(&["kpi.floor", "kpi.veto_score"], &[&kpi.floor, &kpi.veto_score], false);
        rises(&["kpi.veto_score", "kpi.cap"], &[&kpi.veto_score, &kpi.cap], false);
        rises(
            &["risk.spi_orange", "risk.spi_yellow", "risk.spi_green"],
            &[&risk.spi_orange, &risk.spi_yellow, &risk.spi_green],
            true,
        );
        rises(
            &["risk.pf_orange", "risk.pf_yellow", "risk.pf_green"],
            &[&risk.pf_orange, &risk.pf_yellow, &risk.pf_green],
            true,
        );
        let [yellow, orange] = [risk.task_yellow_days, risk.task_orange_days].map(Exact::from);
        rises(&["risk.task_yellow_days", "risk.task_orange_days"], &[&yellow, &orange], false);
        let bands = self.scale().validate(&kpi.floor).err();
        found.extend(bands.map(|error| (vec!["score.scale", "kpi.floor", "score.preset"], error)));
        found
    }
}
