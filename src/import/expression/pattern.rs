//! Patterns of times, as Joda-Time's `DateTimeFormat` defines them: `YYYY-MM-dd'T'HH:mm`.

use jiff::Zoned;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its pieces in order; neighbouring texts are one.
    pub pieces: Vec<Piece>,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A letter, and how often it stands there.
    Letter(char, usize),
}

/// The letters that mean something.
const LETTERS: &str = "GCYxweEyDMdaKhHkmsSzZ";

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// A letter that means nothing, or a quote that is not closed; the message says so in full sentences.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut signs = pattern.chars().peekable();
        while let Some(sign) = signs.next() {
            if sign == '\'' {
                if signs.next_if_eq(&'\'').is_some() {
                    add(&mut pieces, '\'');
                    continue;
                }
                loop {
                    match signs.next() {
                        Some('\'') if signs.next_if_eq(&'\'').is_some() => add(&mut pieces, '\''),
                        Some('\'') => break,
                        Some(sign) => add(&mut pieces, sign),
                        None => {
                            return Err(format!("In the pattern `{pattern}` a `'` is not closed."));
                        }
                    }
                }
            } else if LETTERS.contains(sign) {
                let mut count = 1;
                while signs.next_if_eq(&sign).is_some() {
                    count += 1;
                }
                pieces.push(Piece::Letter(sign, count));
            } else if sign.is_ascii_alphabetic() {
                return Err(format!(
                    "In the pattern `{pattern}` the letter `{sign}` means nothing. Text in a pattern stands between two `'`."
                ));
            } else {
                add(&mut pieces, sign);
            }
        }
        Ok(Self { pieces })
    }

    /// Writes a time, in English.
    pub fn format(&self, time: &Zoned) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Letter(letter, count) => text.push_str(&written(time, *letter, *count)),
            }
        }
        text
    }
}

fn add(pieces: &mut Vec<Piece>, sign: char) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push(sign);
    } else {
        pieces.push(Piece::Text(sign.to_string()));
    }
}

/// What stands for a letter.
fn written(time: &Zoned, letter: char, count: usize) -> String {
    let hour = time.hour();
    let week = time.date().iso_week_date();
    let number = match letter {
        'G' => return if time.year() > 0 { "AD" } else { "BC" }.to_owned(),
        'E' if count < 4 => return time.strftime("%a").to_string(),
        'E' => return time.strftime("%A").to_string(),
        'M' if count == 3 => return time.strftime("%b").to_string(),
        'M' if count > 3 => return time.strftime("%B").to_string(),
        'a' => return if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'S' => return fraction(time, count),
        'z' => return time.strftime("%Z").to_string(),
        'Z' if count == 1 => return time.strftime("%z").to_string(),
        'Z' if count == 2 => return time.strftime("%:z").to_string(),
        'Z' => return time.time_zone().iana_name().unwrap_or("UTC").to_owned(),
        'Y' | 'y' if count == 2 => return two_digits(time.year()),
        'x' if count == 2 => return two_digits(week.year()),
        'C' => i64::from(time.year().unsigned_abs() / 100),
        'Y' => i64::from(era_year(time.year())),
        'y' => i64::from(time.year()),
        'x' => i64::from(week.year()),
        'w' => i64::from(week.week()),
        'e' => i64::from(week.weekday().to_monday_one_offset()),
        'D' => i64::from(time.day_of_year()),
        'M' => i64::from(time.month()),
        'd' => i64::from(time.day()),
        'K' => i64::from(hour % 12),
        'h' => i64::from((hour + 11) % 12 + 1),
        'H' => i64::from(hour),
        'k' => i64::from((hour + 23) % 24 + 1),
        'm' => i64::from(time.minute()),
        _ => i64::from(time.second()),
    };
    format!("{number:0count$}")
}

/// The year 0 is the first before the era.
const fn era_year(year: i16) -> i16 {
    if year > 0 { year } else { 1 - year }
}

fn two_digits(year: i16) -> String {
    format!("{:02}", year.unsigned_abs() % 100)
}

/// So many digits of the fraction of a second, cut off.
fn fraction(time: &Zoned, digits: usize) -> String {
    let nanoseconds = format!("{:09}", time.subsec_nanosecond());
    nanoseconds
        .chars()
        .chain(std::iter::repeat('0'))
        .take(digits)
        .collect()
}
