//! Days as companies write them.

use chrono::NaiveDate;
use domain::text_enum;

text_enum! {
    /// How the days of a file are written. Month and day may have one digit.
    pub enum DateFormat {
        /// `2024-03-01`.
        Iso = "YYYY-MM-DD",
        /// `2024/3/1`.
        YearFirst = "YYYY/M/D",
        /// `3/1/2024`, as in the United States.
        MonthFirst = "MM/DD/YYYY",
        /// `1/3/2024`, as in Britain.
        DayFirst = "DD/MM/YYYY",
        /// `1.3.2024`, as in Germany.
        Dotted = "DD.MM.YYYY",
        /// `20240301`.
        Digits = "YYYYMMDD",
        /// `2024年3月1日`.
        Chinese = "YYYY年M月D日",
    }
}

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is written in another way.
    Unlike,
    /// Nobody said whether the day or the month comes first.
    Ambiguous,
}

/// Which of the three numbers of a day comes first. Behind the month comes the day, behind the day the
/// month.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Year,
    Month,
    Day,
}

impl DateFormat {
    fn first(self) -> First {
        match self {
            Self::Iso | Self::YearFirst | Self::Digits | Self::Chinese => First::Year,
            Self::MonthFirst => First::Month,
            Self::DayFirst | Self::Dotted => First::Day,
        }
    }
}

/// Reads a day, and tells whether its form had to be guessed. Years have four digits. A declared
/// format says which number is which; the marks between them do not matter. `YYYY-MM-DD` is read
/// whatever is declared, as workbooks give the days of cells that are days. The first hour of a day
/// may stand behind it.
///
/// # Errors
/// It is no day, or could be two.
pub fn read(text: &str, declared: Option<DateFormat>) -> Result<(NaiveDate, bool), Unread> {
    let text = without_midnight(text);
    if let Some(day) = iso(text) {
        return Ok((day, false));
    }
    let numbers = numbers(text).ok_or(Unread::Unlike)?;
    let is_year_first = numbers[0].len() == 4;
    let first = match declared {
        Some(format) => format.first(),
        None if is_year_first => First::Year,
        None if numbers[2].len() == 4 => return Err(Unread::Ambiguous),
        None => return Err(Unread::Unlike),
    };
    let [year, month, day] = match first {
        First::Year => numbers,
        First::Month => [numbers[2], numbers[0], numbers[1]],
        First::Day => [numbers[2], numbers[1], numbers[0]],
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return Err(Unread::Unlike);
    }
    let number = |digits: &str| digits.parse::<u32>().map_err(|_| Unread::Unlike);
    let year = i32::try_from(number(year)?).map_err(|_| Unread::Unlike)?;
    let day = NaiveDate::from_ymd_opt(year, number(month)?, number(day)?);
    Ok((day.ok_or(Unread::Unlike)?, declared.is_none()))
}

/// A day as the contract writes it.
fn iso(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let is_form = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    is_form.then(|| text.parse().ok()).flatten()
}

/// The text without the first instant of the day, which databases and spreadsheets add.
fn without_midnight(text: &str) -> &str {
    let Some((day, time)) = text.split_once([' ', 'T']) else { return text };
    let is_midnight = time.len() >= 4
        && time.contains(':')
        && time.chars().all(|c| matches!(c, '0' | ':' | '.' | 'Z'));
    if is_midnight { day } else { text }
}

/// The three numbers of a day: with one mark between each two, or as eight digits.
fn numbers(text: &str) -> Option<[&str; 3]> {
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if text.len() == 8 && is_number(&text) {
        return Some([&text[..4], &text[4..6], &text[6..]]);
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text.split(['-', '/', '.', '年', '月']).map(str::trim);
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    let is_whole = parts.next().is_none() && numbers.iter().all(is_number);
    is_whole.then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::core::text::TextEnum;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 3, 1).expect("a day")
    }

    #[test]
    fn a_declared_form_is_read_with_one_digit_or_two() {
        for (format, texts) in [
            (DateFormat::MonthFirst, &["03/01/2024", "3/1/2024", "3-1-2024", "3/1/2024 0:00"][..]),
            (DateFormat::DayFirst, &["01/03/2024", "1/3/2024"]),
            (DateFormat::Dotted, &["01.03.2024", "1.3.2024"]),
            (DateFormat::Digits, &["20240301"]),
            (DateFormat::YearFirst, &["2024/3/1", "2024/03/01"]),
            (DateFormat::Chinese, &["2024年3月1日", "2024 年 03 月 01 日"]),
        ] {
            for text in texts {
                assert_eq!(read(text, Some(format)), Ok((day(), false)), "{format}: {text}");
            }
        }
        for format in DateFormat::ALL {
            assert_eq!(read("2024-03-01", Some(*format)), Ok((day(), false)), "{format}");
        }
    }

    #[test]
    fn an_undeclared_form_is_guessed_only_where_it_can_be_one() {
        assert_eq!(read("2024-03-01", None), Ok((day(), false)));
        assert_eq!(read("2024-03-01T00:00:00Z", None), Ok((day(), false)));
        for text in ["2024/3/1", "2024.03.01", "2024-3-1", "20240301", "2024年3月1日"] {
            assert_eq!(read(text, None), Ok((day(), true)), "{text}");
        }
        for text in ["03/04/2020", "3.4.2020", "25/12/2020"] {
            assert_eq!(read(text, None), Err(Unread::Ambiguous), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in
            ["yesterday", "2024-13-01", "2024-02-30", "7/5/11", "45352", "2024-03", "//", ""]
        {
            let unread = read(text, Some(DateFormat::MonthFirst));
            assert_eq!(unread, Err(Unread::Unlike), "{text}");
        }
        assert_eq!(read("31/12/2024", Some(DateFormat::MonthFirst)), Err(Unread::Unlike));
        assert_eq!(read("2024-03-01 17:30", None), Err(Unread::Unlike));
    }
}
