//! Colours, and where text is put: the little that all views for people share.
//!
//! Colour only repeats what a word or a symbol says already.

use anstyle::AnsiColor;
use anstyle::Color;
use anstyle::Style;
use jiff::SignedDuration;

/// A space that text is not wrapped at.
pub(crate) const TOGETHER: char = '\u{a0}';

/// How a view for people is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether to colour.
    pub(crate) color: bool,
    /// Columns of the terminal; prose is wrapped to it.
    pub(crate) width: usize,
    /// Whether to say which command comes next.
    pub(crate) hints: bool,
}

/// What stands before a line of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// `+`
    Add,
    /// `~`
    Change,
    /// `-`
    Remove,
    /// `.`
    Forget,
    /// A blank.
    None,
}

impl Marker {
    pub(crate) const fn symbol(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Remove => '-',
            Self::Forget => '.',
            Self::None => ' ',
        }
    }

    const fn color(self) -> Option<AnsiColor> {
        match self {
            Self::Add => Some(AnsiColor::Green),
            Self::Change => Some(AnsiColor::Yellow),
            Self::Remove => Some(AnsiColor::Red),
            Self::Forget | Self::None => None,
        }
    }
}

impl Look {
    fn styled(self, style: Style, text: &str) -> String {
        if self.color {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        let gray = Color::Ansi(AnsiColor::BrightBlack);
        self.styled(Style::new().fg_color(Some(gray)), text)
    }

    /// A text in the colour of a marker.
    pub(crate) fn marked(self, marker: Marker, text: &str) -> String {
        match marker.color() {
            Some(color) => self.styled(Style::new().fg_color(Some(Color::Ansi(color))), text),
            None => text.to_owned(),
        }
    }

    /// The symbol of a marker.
    pub(crate) fn symbol(self, marker: Marker) -> String {
        self.marked(marker, marker.symbol().encode_utf8(&mut [0; 4]))
    }

    /// Prose, wrapped to the width and not at [`TOGETHER`], each line after `indent` spaces, the lines after the first after `hang` more.
    pub(crate) fn wrapped(self, indent: usize, hang: usize, text: &str) -> String {
        let mut out = String::new();
        let mut column = 0;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if out.is_empty() {
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else if column + 1 + length > self.width {
                out.push('\n');
                out.push_str(&" ".repeat(indent + hang));
                column = indent + hang;
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.replace(TOGETHER, " ")
    }
}

/// A text as a shell takes it for one word, whatever is in it.
pub(super) fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `1 run`, `2 runs`, with the thousands apart.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

/// `2 days 3 hours`, `45 minutes`: the two largest units, and seconds only below a minute.
pub(crate) fn spoken(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let minutes = seconds / 60 % 60;
    let parts = match (days, hours, minutes) {
        (0, 0, 0) => return counted(seconds, "second", "seconds"),
        (0, _, _) => [(hours, "hour", "hours"), (minutes, "minute", "minutes")],
        _ => [(days, "day", "days"), (hours, "hour", "hours")],
    };
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, one, many)| counted(number, one, many))
        .collect();
    parts.join(" ")
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
