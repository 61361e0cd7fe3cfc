//! What kind of file a request sends, by its `Content-Type`.

use super::xlsx;
use crate::platform::extract::media_type;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use actix_web::HttpRequest;
use actix_web::http::header;
use encoding_rs::Encoding;

/// Media types of tables as text. Browsers and mail programs name them in all these ways.
const TABLES: &[&str] = &["text/csv", "application/csv", "text/tab-separated-values", "text/plain"];

/// What browsers beside a spreadsheet program call everything that this program opens: a table as
/// text, or a workbook.
const SPREADSHEET: &str = "application/vnd.ms-excel";

/// How the beginning of every archive looks, and so that of a workbook.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// How a workbook begins that was saved in the form before 2007, or with a password.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Format of the body of a bulk request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`: an array of objects.
    Json,
    /// `application/x-ndjson`: an object per line.
    Ndjson,
    /// A table as text, in the character encoding that was declared.
    Table(Option<&'static Encoding>),
    /// A table as text or a workbook, which its beginning tells.
    Spreadsheet(Option<&'static Encoding>),
    /// A workbook.
    Workbook,
}

impl Format {
    /// Reads the `Content-Type`.
    ///
    /// # Errors
    /// 415, with the media types or the encodings that can be read.
    pub fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        match media_type(request).as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-ndjson" => Ok(Self::Ndjson),
            xlsx::MEDIA_TYPE => Ok(Self::Workbook),
            SPREADSHEET => Ok(Self::Spreadsheet(charset(request)?)),
            table if TABLES.contains(&table) => Ok(Self::Table(charset(request)?)),
            other => {
                let mut known = vec!["application/json", "application/x-ndjson"];
                known.extend(TABLES);
                known.extend([SPREADSHEET, xlsx::MEDIA_TYPE]);
                let fault = Violation::new("/header/Content-Type", "media_type_unknown");
                Err(Refusal::UnsupportedFile(vec![
                    fault.with("value", other).with("known", known.join(", ")),
                ]))
            }
        }
    }

    /// What the body is, now that its beginning is there.
    ///
    /// # Errors
    /// 415 if it is a workbook although it was declared as text, or a workbook of another form.
    pub fn beginning_with(self, bytes: &[u8]) -> Result<Self, Refusal> {
        let refused = |code| {
            Err(Refusal::UnsupportedFile(vec![Violation::new("/header/Content-Type", code)]))
        };
        match self {
            Self::Json | Self::Ndjson => Ok(self),
            _ if bytes.starts_with(COMPOUND) => refused("workbook_old"),
            Self::Spreadsheet(_) if bytes.starts_with(ARCHIVE) => Ok(Self::Workbook),
            Self::Spreadsheet(declared) => Ok(Self::Table(declared)),
            Self::Table(_) if bytes.starts_with(ARCHIVE) => refused("workbook_as_text"),
            Self::Table(_) | Self::Workbook => Ok(self),
        }
    }

    /// How many times its own size the body may need in memory while it is read.
    pub fn weight(self) -> usize {
        match self {
            // A workbook is compressed.
            Self::Workbook | Self::Spreadsheet(_) => 8,
            Self::Json | Self::Ndjson | Self::Table(_) => 1,
        }
    }
}

/// The encoding that the `Content-Type` declares.
fn charset(request: &HttpRequest) -> Result<Option<&'static Encoding>, Refusal> {
    let header = request.headers().get(header::CONTENT_TYPE);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let label = header.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("charset");
        named.then(|| value.trim().trim_matches('"'))
    });
    let read = |label| {
        encoding("/header/Content-Type", label)
            .map_err(|fault| Refusal::UnsupportedFile(vec![fault]))
    };
    label.map(read).transpose()
}

/// The encoding of a label of the WHATWG Encoding Standard, such as `gb2312` or `latin1`.
///
/// # Errors
/// The fault at `pointer` that there is none.
pub fn encoding(pointer: &str, label: &str) -> Result<&'static Encoding, Violation> {
    Encoding::for_label_no_replacement(label.as_bytes())
        .ok_or_else(|| Violation::new(pointer, "charset_unknown").with("value", label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use encoding_rs::{BIG5, GBK, UTF_16LE, WINDOWS_1252};

    fn of(content_type: &str) -> Result<Format, Vec<Violation>> {
        let request = TestRequest::default().insert_header((header::CONTENT_TYPE, content_type));
        Format::of(&request.to_http_request()).map_err(|refusal| match refusal {
            Refusal::UnsupportedFile(faults) => faults,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn encodings_go_by_all_their_names() {
        for (charset, encoding) in [
            ("GB2312", GBK),
            ("\"gbk\"", GBK),
            ("big5", BIG5),
            ("latin1", WINDOWS_1252),
            ("iso-8859-1", WINDOWS_1252),
            ("windows-1252", WINDOWS_1252),
            ("utf-16", UTF_16LE),
        ] {
            for media in ["text/csv", "application/csv", "Text/Plain"] {
                let read = of(&format!("{media}; header=present; Charset={charset}"));
                assert_eq!(read, Ok(Format::Table(Some(encoding))), "{media} {charset}");
            }
        }
        assert_eq!(of("text/csv"), Ok(Format::Table(None)));
    }

    #[test]
    fn what_cannot_be_read_is_told_what_can() {
        let known = |faults: &[Violation], code, text: &str| {
            assert_eq!(
                (faults[0].pointer.as_str(), faults[0].code),
                ("/header/Content-Type", code)
            );
            assert!(faults[0].values.iter().any(|(_, value)| value.contains(text)), "{faults:?}");
        };
        known(&of("application/xml").unwrap_err(), "media_type_unknown", "text/csv");
        known(&of("").unwrap_err(), "media_type_unknown", "spreadsheetml");
        known(&of("text/csv; charset=klingon").unwrap_err(), "charset_unknown", "klingon");
        known(&of("text/csv; charset=utf-7").unwrap_err(), "charset_unknown", "utf-7");
    }

    #[test]
    fn a_workbook_is_known_by_its_beginning() {
        let archive = b"PK\x03\x04...";
        let spreadsheet = Format::Spreadsheet(None);
        assert_eq!(spreadsheet.beginning_with(archive).ok(), Some(Format::Workbook));
        assert_eq!(spreadsheet.beginning_with(b"a,b").ok(), Some(Format::Table(None)));
        for (format, bytes, code) in [
            (Format::Table(None), &archive[..], "workbook_as_text"),
            (Format::Workbook, COMPOUND, "workbook_old"),
            (spreadsheet, COMPOUND, "workbook_old"),
        ] {
            match format.beginning_with(bytes) {
                Err(Refusal::UnsupportedFile(faults)) => assert_eq!(faults[0].code, code),
                other => panic!("{other:?}"),
            }
        }
    }
}
