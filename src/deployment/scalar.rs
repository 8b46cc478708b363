//! Plain scalars by the core schema of YAML 1.2 (chapter 10.3.2 of its specification).
//!
//! YAML 1.1 also had `yes`, `no`, `on` and `off` as booleans, and `22:00` as the number 1320: here they are texts.

use super::tree::{Style, Value};
use std::borrow::Cow;

/// The value of a scalar that was written without quotes and without a tag.
pub(crate) fn resolve(text: Cow<'_, str>) -> Value<'_> {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        // Most are names.
        known if !known.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => plain(text),
        known => integer(known).or_else(|| float(known)).unwrap_or_else(|| plain(text)),
    }
}

/// What YAML 1.1 took a word for, where it took it for a boolean.
pub(crate) fn boolean_word(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["yes", "on", "y"]) { Some(true) } else { is(["no", "off", "n"]).then_some(false) }
}

fn plain(text: Cow<'_, str>) -> Value<'_> {
    Value::Text { text, style: Style::Plain }
}

fn integer(text: &str) -> Option<Value<'static>> {
    let digits = |text: &str, radix: u32| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(octal) = text.strip_prefix("0o").filter(|rest| digits(rest, 8)) {
        return Some(Value::Integer(i64::from_str_radix(octal, 8).unwrap_or(i64::MAX)));
    }
    if let Some(hexadecimal) = text.strip_prefix("0x").filter(|rest| digits(rest, 16)) {
        return Some(Value::Integer(i64::from_str_radix(hexadecimal, 16).unwrap_or(i64::MAX)));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let nearest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    digits(unsigned, 10).then(|| Value::Integer(text.parse().unwrap_or(nearest)))
}

fn float(text: &str) -> Option<Value<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(Value::Float(sign * f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    // Rust's own parser also takes `inf` and `nan`, so the alphabet is checked first.
    let alphabet = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let begins = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    (begins && unsigned.chars().all(alphabet)).then(|| text.parse().ok()).flatten().map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(format!("{:?}", resolve(text.into())), expected, "{text:?}");
    }

    #[test]
    fn the_core_schema() {
        for text in ["", "~", "null", "NULL"] {
            check(text, "Null");
        }
        check("True", "Boolean(true)");
        check("0", "Integer(0)");
        check("-12", "Integer(-12)");
        check("+7", "Integer(7)");
        check("0o17", "Integer(15)");
        check("0x1F", "Integer(31)");
        check("007", "Integer(7)");
        check("99999999999999999999", "Integer(9223372036854775807)");
        check("1.5", "Float(1.5)");
        check(".5", "Float(0.5)");
        check("1e3", "Float(1000.0)");
        check("-.inf", "Float(-inf)");
        check(".nan", "Float(NaN)");
    }

    #[test]
    fn everything_else_is_a_text() {
        for text in [
            "yes", "Off", "22:00", "30m", "20%", "1.2.3", "1_000", "inf", "nan", "0b1", "0o8", "0x", "-", "+", "e3",
            ".", "NuLL", "-.nan",
        ] {
            check(text, &format!("Text {{ text: {text:?}, style: Plain }}"));
        }
    }
}
