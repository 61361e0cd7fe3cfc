//! Reads typed arguments from the JSON input of a vector. Null counts as absent.

use chrono::NaiveDate;
use domain::core::calendar::Period;
use domain::scoring::settings::Settings;
use domain::{Code, DomainError, Exact, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// The named arguments of one call.
#[derive(Clone, Copy)]
pub struct Arguments<'a>(pub &'a Value);

impl<'a> Arguments<'a> {
    /// The argument, unless it is absent or null.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A required argument.
    pub fn required(self, name: &str) -> Result<&'a Value> {
        self.get(name).ok_or_else(|| Code::InputInvalid.because(format!("{name} is missing")))
    }

    /// A number; `None` if absent.
    pub fn number(self, name: &str) -> Result<Option<Exact>> {
        self.get(name).map(number).transpose()
    }

    /// A required date.
    pub fn required_date(self, name: &str) -> Result<NaiveDate> {
        date(self.required(name)?)
    }

    /// A required number.
    pub fn required_number(self, name: &str) -> Result<Exact> {
        number(self.required(name)?)
    }

    /// Replaces `target` if the argument is present: this is how an input overrides a default
    /// setting.
    pub fn override_number(self, name: &str, target: &mut Exact) -> Result<()> {
        if let Some(value) = self.number(name)? {
            *target = value;
        }
        Ok(())
    }

    /// Replaces `target` if the argument is present; for enums, counts, flags and the like.
    pub fn override_with<T: DeserializeOwned>(self, name: &str, target: &mut T) -> Result<()> {
        if let Some(value) = self.get(name) {
            *target = typed(value)?;
        }
        Ok(())
    }

    /// A required value of any type that can be read.
    pub fn required_as<T: DeserializeOwned>(self, name: &str) -> Result<T> {
        typed(self.required(name)?)
    }

    /// The default settings, with `score.rounding` where the input names it.
    pub fn settings(self) -> Result<Settings> {
        let mut settings = Settings::default();
        self.override_with("rounding", &mut settings.score.rounding)?;
        Ok(settings)
    }

    /// A list in which every item is read alike.
    pub fn list_of<T>(
        self,
        name: &str,
        read: impl FnMut(&'a Value) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.list(name)?.iter().map(read).collect()
    }

    /// Like [`list_of`](Self::list_of), but empty when absent.
    pub fn optional_list<T>(
        self,
        name: &str,
        read: impl FnMut(&'a Value) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.get(name).map_or(Ok(&[][..]), list)?.iter().map(read).collect()
    }

    /// A count; `None` if absent.
    pub fn count(self, name: &str) -> Result<Option<u32>> {
        self.get(name).map(count).transpose()
    }

    /// A required count.
    pub fn required_count(self, name: &str) -> Result<u32> {
        self.required(name)?;
        Ok(self.count(name)?.unwrap_or_default())
    }

    /// The names and values of a required object.
    pub fn object(self, name: &str) -> Result<&'a Map<String, Value>> {
        let value = self.required(name)?;
        value.as_object().ok_or_else(|| unreadable(value))
    }

    /// Numbers by name.
    pub fn named_numbers(self, name: &str) -> Result<BTreeMap<String, Exact>> {
        self.object(name)?.iter().map(|(name, value)| Ok((name.clone(), number(value)?))).collect()
    }

    /// A required list.
    pub fn list(self, name: &str) -> Result<&'a [Value]> {
        list(self.required(name)?)
    }

    /// A list of numbers; empty when absent.
    pub fn numbers(self, name: &str) -> Result<Vec<Exact>> {
        self.get(name).map_or(Ok(&[][..]), list)?.iter().map(number).collect()
    }
}

/// A decimal, written as text or as a JSON number.
pub fn number(value: &Value) -> Result<Exact> {
    match value {
        Value::String(text) => Exact::parse(text),
        Value::Number(number) => Exact::parse(&number.to_string()),
        _ => Err(Code::NumberInvalid.because(format!("{value:.40} is not a number"))),
    }
}

/// A decimal, or `None` for null.
pub fn optional_number(value: &Value) -> Result<Option<Exact>> {
    (!value.is_null()).then(|| number(value)).transpose()
}

/// A whole number written as a JSON number; `COUNT_INVALID` for anything else.
pub fn whole(value: &Value) -> Result<i64> {
    let no_count = || Code::CountInvalid.because(format!("{value:.40} is not a whole number"));
    if !value.is_number() {
        return Err(no_count());
    }
    number(value)?.to_i128().and_then(|whole| whole.try_into().ok()).ok_or_else(no_count)
}

/// A whole number from 0; `COUNT_INVALID` for anything else.
pub fn count(value: &Value) -> Result<u32> {
    let whole = whole(value)?;
    u32::try_from(whole).map_err(|_| Code::CountInvalid.because(format!("{whole} is not a count")))
}

/// A text; `None` for null.
pub fn optional_text(value: &Value) -> Result<Option<&str>> {
    (!value.is_null()).then(|| text(value)).transpose()
}

/// A date; `DATE_INVALID` for anything else.
pub fn date(value: &Value) -> Result<NaiveDate> {
    typed(value).map_err(|_| Code::DateInvalid.because(format!("{value:.40} is not a date")))
}

/// A period from its first and last day.
pub fn period(start: &Value, end: &Value) -> Result<Period> {
    Period::new(date(start)?, date(end)?)
}

/// A list.
pub fn list(value: &Value) -> Result<&[Value]> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| unreadable(value))
}

/// A list of exactly `N` values, for example a pair of weight and score.
pub fn tuple<const N: usize>(value: &Value) -> Result<&[Value; N]> {
    list(value)?.try_into().map_err(|_| unreadable(value))
}

/// A text.
pub fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| unreadable(value))
}

/// Any value that serde can read, such as an enum by its published name.
pub fn typed<T: DeserializeOwned>(value: impl Borrow<Value>) -> Result<T> {
    let value = value.borrow();
    serde_json::from_value(value.clone()).map_err(|_| unreadable(value))
}

/// The error for a value of the wrong shape.
pub fn unreadable(value: &Value) -> DomainError {
    Code::InputInvalid.because(format!("{value:.80} cannot be read"))
}
