//! Text in whatever encoding it comes.
//!
//! A byte order mark decides, then what the bytes can only be, then the declaration. What nobody
//! declared is guessed, and said.

use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// How many characters beyond ASCII must be valid UTF-8 before a text in two-byte characters is taken
/// for UTF-8 against its declaration: fewer could be so by chance.
const BEYOND_CHANCE: usize = 4;

/// How many bytes are looked at to find a text of two-byte units without a mark.
const HEAD: usize = 1 << 10;

/// A text, and what its reader should know about how it was decoded.
pub type Decoded<'b> = (Cow<'b, str>, Option<Violation>);

/// Decodes a text that was declared to be in an encoding, or in none.
///
/// # Errors
/// It is not valid in the encoding; the fault names the line.
pub fn decoded<'b>(
    declared: Option<&'static Encoding>,
    bytes: &'b [u8],
) -> Result<Decoded<'b>, Refusal> {
    if let Some((marked, mark)) = Encoding::for_bom(bytes) {
        let differs = declared.filter(|declared| !is_same(declared, marked));
        let warning = differs.map(|declared| told("encoding_differs", marked, Some(declared)));
        return Ok((strict(marked, &bytes[mark..])?, warning));
    }
    if declared.is_none()
        && let Some(encoding) = without_mark(bytes)
    {
        return Ok((strict(encoding, bytes)?, Some(told("encoding_detected", encoding, None))));
    }
    match (declared, std::str::from_utf8(bytes).ok()) {
        (None, Some(text)) => Ok((Cow::Borrowed(text), None)),
        (None, None) => detected(bytes),
        (Some(declared), Some(text)) if is_utf_8(text, declared) => {
            let warning = told("encoding_differs", UTF_8, Some(declared));
            Ok((Cow::Borrowed(text), Some(warning)))
        }
        (Some(declared), _) => Ok((strict(declared, bytes)?, None)),
    }
}

/// Whether a declaration means the encoding that a mark shows: "UTF-16" leaves it to the mark which
/// byte comes first.
fn is_same(declared: &'static Encoding, marked: &'static Encoding) -> bool {
    declared == marked || (declared == UTF_16LE && marked == UTF_16BE)
}

/// Whether a text that is valid UTF-8 is UTF-8 although it was declared otherwise.
fn is_utf_8(text: &str, declared: &'static Encoding) -> bool {
    if declared == UTF_8 || text.is_ascii() {
        return false;
    }
    if declared == UTF_16LE || declared == UTF_16BE {
        return !text.contains('\0');
    }
    let beyond = text.chars().filter(|c| !c.is_ascii()).take(BEYOND_CHANCE).count();
    declared.is_single_byte()
        || beyond == BEYOND_CHANCE
        || strict(declared, text.as_bytes()).is_err()
}

/// The encoding of a text of two-byte units without a mark: every other byte of what is ASCII in it is
/// zero.
fn without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|it| **it == 0).count();
    match (zeros(0), zeros(1)) {
        (0, 0) => None,
        (high, low) if high > low => Some(UTF_16BE),
        _ => Some(UTF_16LE),
    }
}

/// Decodes a text that is no UTF-8 and that nobody declared.
fn detected(bytes: &[u8]) -> Result<Decoded<'_>, Refusal> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = match detector.guess(None, Utf8Detection::Deny) {
        guess if guess == GBK => GB18030,
        guess => guess,
    };
    match strict(guess, bytes) {
        Ok(text) => Ok((text, Some(told("encoding_detected", guess, None)))),
        // What is in no encoding is most likely broken UTF-8.
        Err(_) => Err(malformed(UTF_8, bytes)),
    }
}

fn strict<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Result<Cow<'b, str>, Refusal> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.ok_or_else(|| malformed(encoding, bytes))
}

fn told(
    code: &'static str,
    used: &'static Encoding,
    declared: Option<&'static Encoding>,
) -> Violation {
    let warning = Violation::new("", code).with("value", used.name());
    declared.into_iter().fold(warning, |it, declared| it.with("declared", declared.name()))
}

fn malformed(encoding: &'static Encoding, bytes: &[u8]) -> Refusal {
    let fault = Violation::new("", "malformed_encoding");
    let line = line_of_fault(encoding, bytes);
    Refusal::EncodingInvalid(vec![fault.with("value", encoding.name()).with("line", line)])
}

/// The line, from 1, of the first bytes that are not valid in an encoding.
fn line_of_fault(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut part = [0; 4096];
    let (mut read, mut line) = (0, 1);
    loop {
        let (result, taken, written) =
            decoder.decode_to_utf8_without_replacement(&bytes[read..], &mut part, true);
        line += part[..written].iter().filter(|byte| **byte == b'\n').count();
        read += taken;
        if !matches!(result, DecoderResult::OutputFull) {
            return line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, WINDOWS_1252};

    const SIMPLIFIED: &str =
        "employee_number,name,hire_date\nA,王小明,2024-01-01\nB,欧阳娜娜,2024-01-01\n";
    const TRADITIONAL: &str =
        "工號,姓名,部門,到職日\nA,陳美玲,業務部,2024-01-01\nB,張國榮,財務部,2024-01-01\n";
    const WESTERN: &str = "number,name,unit\n1,Jürgen Müller,Büro\n2,Zoë Çelik,Café\n";

    /// UTF-16, which `encoding_rs` only reads.
    fn wide(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn read(declared: Option<&'static Encoding>, bytes: &[u8]) -> (String, Option<&'static str>) {
        let (text, warning) = decoded(declared, bytes).expect("it is text");
        (text.into_owned(), warning.map(|it| it.code))
    }

    #[test]
    fn a_mark_decides_over_a_declaration() {
        let marked = format!("\u{feff}{SIMPLIFIED}");
        for declared in [GB18030, WINDOWS_1252, UTF_16LE] {
            let expected = (SIMPLIFIED.to_owned(), Some("encoding_differs"));
            assert_eq!(read(Some(declared), marked.as_bytes()), expected, "{}", declared.name());
        }
        assert_eq!(read(Some(UTF_8), marked.as_bytes()), (SIMPLIFIED.to_owned(), None));
        assert_eq!(read(None, marked.as_bytes()), (SIMPLIFIED.to_owned(), None));
        let big = wide(&marked, u16::to_be_bytes);
        assert_eq!(read(None, &big), (SIMPLIFIED.to_owned(), None));
        assert_eq!(read(Some(UTF_16LE), &big), (SIMPLIFIED.to_owned(), None));
        assert_eq!(read(Some(UTF_8), &big), (SIMPLIFIED.to_owned(), Some("encoding_differs")));
    }

    #[test]
    fn what_nobody_declared_is_found_and_said() {
        let of = |text: &str, encoding: &'static Encoding| encoding.encode(text).0.into_owned();
        for (text, bytes) in [
            (SIMPLIFIED, of(SIMPLIFIED, GB18030)),
            (TRADITIONAL, of(TRADITIONAL, BIG5)),
            (WESTERN, of(WESTERN, WINDOWS_1252)),
            (SIMPLIFIED, wide(SIMPLIFIED, u16::to_le_bytes)),
            (SIMPLIFIED, wide(SIMPLIFIED, u16::to_be_bytes)),
        ] {
            assert_eq!(read(None, &bytes), (text.to_owned(), Some("encoding_detected")));
        }
        assert_eq!(read(None, SIMPLIFIED.as_bytes()), (SIMPLIFIED.to_owned(), None));
        assert_eq!(read(None, b""), (String::new(), None));
    }

    #[test]
    fn utf_8_that_was_declared_otherwise_is_no_mojibake() {
        for declared in [GB18030, BIG5, WINDOWS_1252, UTF_16LE] {
            let expected = (SIMPLIFIED.to_owned(), Some("encoding_differs"));
            assert_eq!(read(Some(declared), SIMPLIFIED.as_bytes()), expected);
        }
        assert_eq!(read(Some(WINDOWS_1252), b"abc"), ("abc".to_owned(), None));
        // Two bytes that are one character here and another one there: too few to know better.
        let short = GB18030.encode("摹").0;
        assert!(std::str::from_utf8(&short).is_ok(), "a text to be mistaken");
        assert_eq!(read(Some(GB18030), &short), ("摹".to_owned(), None));
    }

    #[test]
    fn a_wrong_declaration_is_refused_with_its_line() {
        let bytes = GB18030.encode(SIMPLIFIED).0;
        let Err(Refusal::EncodingInvalid(faults)) = decoded(Some(UTF_8), &bytes) else {
            panic!("it is no UTF-8")
        };
        assert_eq!(faults[0].code, "malformed_encoding");
        assert!(faults[0].values.contains(&("line", "2".to_owned())), "{faults:?}");
        let nothing = [b"a,b\n1,2\n".as_slice(), b"\xff\xff\x81\x00\xff\n"].concat();
        assert!(decoded(Some(GB18030), &nothing).is_err());
    }
}
